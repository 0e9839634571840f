"""The role of a fleet's instances, its permissions, and the secrets that only these instances can read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.permissions import policies
from infra.settings import FleetSettings
from release import names


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    stack: str
    region: str
    account: str
    bucket: str
    fleet: FleetSettings
    output: bool
    """Whether the instances log what the app prints."""


class Identity(pulumi.ComponentResource):
    """Source: IAM user guide, "Roles for Amazon EC2"; Systems Manager user guide, "Parameter Store"."""

    role_name: pulumi.Output[str]
    instance_profile_arn: pulumi.Output[str]
    selectors: Sequence[pulumi.Output[str]]
    """`name:version` of each secret: another value is another version, which rolls out like a release."""
    ready: Sequence[pulumi.Resource]
    """What has to exist before an instance boots."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:fleet:Identity", name, None, opts)
        self._name = name
        self._args = args
        self._tags = names.tags(args.stack, fleet=args.fleet.name)
        self._child = pulumi.ResourceOptions(parent=self)
        role, policy = self._declare_role()
        profile = aws.iam.InstanceProfile(
            f"{name}-profile", name=role.name, role=role.name, tags=self._tags, opts=self._child
        )
        secrets = [self._secret(key, value) for key, value in sorted(args.fleet.secrets.items())]
        self.role_name = role.name
        self.instance_profile_arn = profile.arn
        self.selectors = [pulumi.Output.format("{0}:{1}", secret.name, secret.version) for secret in secrets]
        self.ready = [policy, profile, *secrets]
        self.register_outputs({"instanceProfileArn": self.instance_profile_arn})

    def _declare_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        args = self._args
        role = aws.iam.Role(
            f"{self._name}-role",
            name=names.role_name(args.stack, args.fleet.name, args.region),
            description=f"Instances of fleet {args.fleet.name} of stack {args.stack}",
            assume_role_policy=json.dumps(policies.assumed_by("ec2.amazonaws.com")),
            tags=self._tags,
            opts=self._child,
        )
        allowed = policies.instance(
            stack=args.stack,
            fleet=args.fleet.name,
            region=args.region,
            account=args.account,
            bucket=args.bucket,
            judges_itself=not args.fleet.balanced,
            output=args.output,
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-policy", name="boot", role=role.name, policy=json.dumps(allowed), opts=self._child
        )
        return role, policy

    def _secret(self, key: str, value: str) -> aws.ssm.Parameter:
        """Declare a secret. It is kept when its setting goes: a release that was deployed with it has to boot again.

        A parameter that an earlier setting of that name left is taken over, with the value as its next version.
        """
        return aws.ssm.Parameter(
            f"{self._name}-secret-{key}",
            name=names.parameter_name(self._args.stack, self._args.fleet.name, key),
            type="SecureString",
            value=pulumi.Output.secret(value),
            overwrite=True,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
