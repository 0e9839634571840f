"""What the permissions of people are for, and how their statements are written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.permissions.policies import Statement
from release import names


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the permissions are for."""

    stack: str
    region: str
    account: str
    bucket: str = ""
    """The release store; by default the stack's own."""
    state: str = ""
    """The bucket of Pulumi's state; "" where it is kept elsewhere."""
    key: str = ""
    """ARN of the KMS key of the stack's secrets; "" where a passphrase is."""
    zone: str = ""
    """Id of the hosted zone of the stack's domain; by default any of the account's."""

    @property
    def store(self) -> str:
        """ARN of the release store."""
        return names.bucket_arn(self.bucket or names.bucket_name(self.stack, self.account, self.region), self.region)

    @property
    def access_logs(self) -> str:
        """ARN of the stack's own bucket for the load balancer's logs."""
        return names.bucket_arn(names.access_logs_bucket_name(self.stack, self.account, self.region), self.region)

    @property
    def prefix(self) -> str:
        """What most names begin with."""
        return names.prefix(self.stack)

    def arn(self, service: str, resource: str) -> str:
        """Of something in the stack's region."""
        return names.arn(service, self.region, self.account, resource)

    def everywhere(self, service: str, resource: str) -> str:
        """Of something that belongs to no region."""
        return f"arn:{names.partition(self.region)}:{service}::{resource}"

    @property
    def roles(self) -> str:
        """Those of the stack. Longer names are shortened (names.role_name), but not in this part."""
        return self.everywhere("iam", f"{self.account}:role/{self.prefix}-*")


def tagged(scope: Scope) -> dict[str, Any]:
    return {"StringEquals": {f"aws:ResourceTag/{names.STACK_TAG}": scope.stack}}


def passed(service: str) -> dict[str, Any]:
    return {"StringEquals": {"iam:PassedToService": service}}


def groups(scope: Scope) -> str:
    return names.group_arn(scope.stack, "*", region=scope.region, account=scope.account)


def log_groups(scope: Scope) -> list[str]:
    """The fleets', and the flow logs'; some actions are asked about the group, others about its streams."""
    logs = (names.log_group_name(scope.stack, "*"), f"{names.flow_logs_group_name(scope.stack)}*")
    return [scope.arn("logs", f"log-group:{name}") for name in logs]


def each(service: str, verb: str, actions: str) -> list[str]:
    return [f"{service}:{verb}{name}" for name in actions.split()]


def allow(
    sid: str, actions: list[str], resource: str | list[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement
