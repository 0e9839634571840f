"""What one stack's people and pipelines get: its key, and roles whose policies and boundaries bound them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from bootstrap import naming, trust
from bootstrap.settings import AccessSettings
from infra.permissions import boundaries, roles
from infra.permissions.scope import Scope
from release import names

LONG, USUAL = 7200, 3600
"""Seconds that a session may last: a rollout or a drill takes longer than most."""
_LONG_ROLES = ("deployer", "drill", "review")


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    stack: str
    region: str
    """The stack's region."""
    account: str
    provider: pulumi.Input[str]
    """ARN of GitHub's identity provider."""
    repository: str
    settings: AccessSettings
    abroad: bool
    """Whether the stack's region is another one than the set-up's."""
    disposable: bool


class Access(pulumi.ComponentResource):
    """Source: IAM user guide, "Permissions boundaries for IAM entities"; KMS developer guide, "Rotate AWS KMS keys"."""

    key: pulumi.Output[str]
    """ARN of the key of the stack's secrets."""
    boundary: pulumi.Output[str]
    """ARN of the boundary of the roles that the stack makes."""
    roles: Mapping[str, pulumi.Output[str]]
    """ARNs of the roles."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:bootstrap:Access", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._tags = names.tags(naming.OWNER)
        self.key = self._declare_key()
        scope = self.key.apply(self._scope)
        self.boundary = self._policy(
            naming.parts_boundary_name(args.stack), "parts-boundary", scope.apply(boundaries.of_parts)
        ).arn
        given = args.settings.roles
        bounded = self._policy(
            naming.roles_boundary_name(args.stack),
            "roles-boundary",
            scope.apply(lambda scope: boundaries.of_roles(scope, given)),
        )
        self.roles = {role: self._declare_role(role, scope, bounded) for role in given}
        self.register_outputs({"roles": dict(self.roles)})

    def _declare_key(self) -> pulumi.Output[str]:
        """Declare the key, which the account's IAM policies alone govern, and which rotates each year."""
        args, region = self._args, self._args.region if self._args.abroad else None
        options = pulumi.ResourceOptions(parent=self, retain_on_delete=not args.disposable)
        key = aws.kms.Key(
            f"{self._name}-key",
            description=f"Secrets of the stack {args.stack}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            tags=self._tags,
            region=region,
            opts=options,
        )
        aws.kms.Alias(
            f"{self._name}-key-name",
            name=naming.key_alias(args.stack),
            target_key_id=key.key_id,
            region=region,
            opts=options,
        )
        return key.arn

    def _scope(self, key: str) -> Scope:
        args, given = self._args, self._args.settings
        return Scope(
            stack=names.REVIEWS if args.stack == names.REVIEW else args.stack,
            region=args.region,
            account=args.account,
            bucket=given.bucket or "",
            state=f"{naming.state_bucket(args.account, args.region)}/{args.stack}",
            key=key,
            zone=given.zone or "",
            replica=given.replica or "",
            replica_bucket=given.replica_bucket or "",
            boundary=naming.policy_arn(
                naming.parts_boundary_name(args.stack), account=args.account, region=args.region
            ),
        )

    def _declare_role(self, role: str, scope: pulumi.Output[Scope], bounded: aws.iam.Policy) -> pulumi.Output[str]:
        args = self._args
        name = naming.role_name(args.stack, role)
        environments = args.settings.environments_of(args.stack, role)
        root = f"arn:{names.partition(args.region)}:iam::{args.account}:root"
        trusted = pulumi.Output.from_input(args.provider).apply(
            lambda provider: json.dumps(
                trust.policy(
                    provider=provider,
                    repository=args.repository,
                    environments=environments,
                    root=root,
                    people=args.settings.people,
                )
            )
        )
        made = aws.iam.Role(
            f"{self._name}-{role}",
            name=name,
            description=f"The {role} of the stack {args.stack}: jobs of {', '.join(environments)}",
            assume_role_policy=trusted,
            permissions_boundary=bounded.arn,
            max_session_duration=LONG if role in _LONG_ROLES else USUAL,
            tags=self._tags,
            opts=self._child,
        )
        for number in range(1, 1 + self._count(role)):
            part = scope.apply(lambda scope, number=number: roles.parts(role, scope)[number - 1])
            policy = self._policy(naming.policy_name(args.stack, role, number), f"{role}-{number}", part)
            aws.iam.RolePolicyAttachment(
                f"{self._name}-{role}-{number}", role=made.name, policy_arn=policy.arn, opts=self._child
            )
        return made.arn

    def _count(self, role: str) -> int:
        """Return the number of managed policies that a role takes; the key's ARN has one length in each region."""
        key = names.arn("kms", self._args.region, self._args.account, f"key/{'0' * 36}")
        return len(roles.parts(role, self._scope(key)))

    def _policy(self, name: str, part: str, document: pulumi.Input[Mapping[str, object]]) -> aws.iam.Policy:
        return aws.iam.Policy(
            f"{self._name}-{part}",
            name=name,
            policy=pulumi.Output.json_dumps(document),
            tags=self._tags,
            opts=self._child,
        )
