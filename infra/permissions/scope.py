"""The stack that a policy is for, and how its statements are written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.permissions.policies import Statement
from release import names


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The stack and the resources that a policy is for."""

    stack: str
    region: str
    account: str
    bucket: str = ""
    """The release store; "" for the stack's own."""
    state: str = ""
    """The bucket of Pulumi's state, or BUCKET/FOLDER; "" if it is kept elsewhere."""
    key: str = ""
    """ARN of the KMS key of the stack's secrets; "" if they have a passphrase."""
    zone: str = ""
    """Id of the hosted zone of the stack's domain; "" for any of the account's."""
    replica: str = ""
    """The region of the store's replica; "" if it has none."""
    replica_bucket: str = ""
    """The replica; "" for the one that has the default name."""
    boundary: str = ""
    """ARN of the managed policy that bounds the roles of the stack's parts; "" if nothing does."""

    @property
    def bucket_name(self) -> str:
        """Return the name of the release store."""
        return self.bucket or names.bucket_name(self.stack, self.account, self.region)

    @property
    def store(self) -> str:
        """Return the ARN of the release store."""
        return names.bucket_arn(self.bucket_name, self.region)

    @property
    def stores(self) -> list[str]:
        """Return the ARNs of the release store and, if there is one, of its replica."""
        if not self.replica:
            return [self.store]
        replica = self.replica_bucket or names.bucket_name(self.stack, self.account, self.replica)
        return [self.store, names.bucket_arn(replica, self.replica)]

    @property
    def access_logs(self) -> str:
        """Return the ARN of the stack's own bucket for the load balancer's logs."""
        return names.bucket_arn(names.access_logs_bucket_name(self.stack, self.account, self.region), self.region)

    @property
    def store_logs(self) -> list[str]:
        """Return the ARNs of the buckets for the access logs of the store and, if there is one, of its replica."""
        regions = [self.region, *([self.replica] if self.replica else [])]
        return [names.bucket_arn(names.store_logs_bucket_name(self.stack, self.account, r), r) for r in regions]

    @property
    def hosted_zone(self) -> str:
        """Return the ARN of the domain's zone, or a pattern for all of the account's."""
        return self.everywhere("route53", f":hostedzone/{self.zone or '*'}")

    @property
    def console(self) -> str:
        """Return the ARN of the document by which the stack's instances run commands."""
        return self.arn("ssm", f"document/{names.exec_document(self.stack)}")

    @property
    def terminal(self) -> str:
        """Return the ARN of the document by which they open a terminal."""
        return self.arn("ssm", f"document/{names.shell_document(self.stack)}")

    @property
    def prefix(self) -> str:
        """Return what most names begin with."""
        return names.prefix(self.stack)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something in the stack's region."""
        return names.arn(service, self.region, self.account, resource)

    def everywhere(self, service: str, resource: str) -> str:
        """Return the ARN of something global."""
        return f"arn:{names.partition(self.region)}:{service}::{resource}"

    @property
    def roles(self) -> str:
        """Return a pattern for the stack's roles. Long names are shortened (names.role_name), but not in this part."""
        return self.everywhere("iam", f"{self.account}:role/{self.prefix}-*")


def tagged(scope: Scope) -> dict[str, Any]:
    """Return the condition that a resource is the stack's."""
    return _whose(scope, "aws:ResourceTag")


def requested(scope: Scope) -> dict[str, Any]:
    """Return the condition that what is made or tagged becomes the stack's."""
    return _whose(scope, "aws:RequestTag")


def _whose(scope: Scope, kind: str) -> dict[str, Any]:
    """Return the condition on a stack's tags. All review stacks are told from others by what tells when they go."""
    named = {f"{kind}/{names.STACK_TAG}": scope.stack}
    if scope.stack != names.REVIEWS:
        return {"StringEquals": named}
    return {"StringLike": named, "Null": {f"{kind}/{names.EXPIRY_TAG}": "false"}}


def passed(*services: str) -> dict[str, Any]:
    return {"StringEquals": {"iam:PassedToService": services[0] if len(services) == 1 else list(services)}}


def groups(scope: Scope) -> str:
    return names.group_arn(scope.stack, "*", region=scope.region, account=scope.account)


def log_groups(scope: Scope) -> list[str]:
    """Return patterns for the log groups of fleets and flow logs, and for their streams."""
    logs = (names.log_group_name(scope.stack, "*"), f"{names.flow_logs_group_name(scope.stack)}*")
    return [scope.arn("logs", f"log-group:{name}") for name in logs]


def each(service: str, verb: str, actions: str) -> list[str]:
    return [f"{service}:{verb}{name}" for name in actions.split()]


def allow(
    sid: str, actions: list[str], resource: str | list[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement
