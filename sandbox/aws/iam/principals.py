"""Whose credentials a request bears: those of an instance, or of a role that somebody took on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Policy, Role, iam_backends
from moto.sts.models import sts_backends

from sandbox.aws.ec2.models import all_ec2
from sandbox.aws.iam.policy import Statement
from sandbox.service import keys


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A role's session."""

    role: str
    """The role's name."""
    session: str

    @property
    def arn(self) -> str:
        """Return the ARN as error messages give it."""
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role}/{self.session}"

    @property
    def role_arn(self) -> str:
        """Return the value of the condition key aws:PrincipalArn."""
        return f"arn:aws:iam::{ACCOUNT}:role/{self.role}"

    @property
    def user_id(self) -> str:
        """Return the value of the policy variable aws:userid: the role's id and the session's name."""
        role = self._role()
        return f"{role.id if role else ''}:{self.session}"

    def statements(self) -> list[Statement]:
        """Return the statements of all its current policies; none if the role is gone."""
        role = self._role()
        return [statement for text in _documents(role) for statement in listed(json.loads(text))] if role else []

    def boundary(self) -> list[Statement] | None:
        """Return the statements of the role's permissions boundary, None without one; none at all if it is gone."""
        role = self._role()
        if role is None or not role.permissions_boundary_arn:
            return None
        try:
            policy = iam_backends[ACCOUNT]["aws"].get_policy(role.permissions_boundary_arn)
        except NotFoundException:
            return []
        return [statement for text in _in_force(policy) for statement in listed(json.loads(text))]

    def _role(self) -> Role | None:
        try:
            return iam_backends[ACCOUNT]["aws"].get_role(self.role)
        except NotFoundException:
            return None


def of(key: str) -> Principal | None:
    """Return the role that a key belongs to, or None for an administrator's key."""
    if not key.startswith("ASIA"):
        return None
    for ec2 in all_ec2():
        for machine in list(ec2.machines.values()):
            if keys.of_instance(machine.instance.id, keys.of_session().secret).access == key:
                return Principal(role=machine.role or "", session=machine.instance.id)
    for assumed in sts_backends[ACCOUNT]["aws"].assumed_roles:
        if assumed.access_key_id == key:
            return Principal(role=assumed.role_arn.rpartition("/")[2], session=assumed.session_name)
    return None


def keys_of(key: str) -> keys.Keys | None:
    """Return the keys with this access key: the session's, an instance's, or of a role that somebody took on."""
    session = keys.of_session()
    if key == session.access:
        return session
    for own in _of_instances(session.secret).values():
        if own.access == key:
            return own
    for assumed in sts_backends[ACCOUNT]["aws"].assumed_roles:
        if assumed.access_key_id == key:
            return keys.Keys(access=key, secret=assumed.secret_access_key, token=assumed.session_token)
    return None


def region_of(key: str) -> str | None:
    """Return the region of the instance that a key belongs to; None if it is no instance's."""
    if not key.startswith("ASIA"):
        return None
    secret = keys.of_session().secret
    for ec2 in all_ec2():
        if any(keys.of_instance(id_, secret).access == key for id_ in list(ec2.machines)):
            return ec2.region_name
    return None


def _of_instances(secret: str) -> dict[str, keys.Keys]:
    ids = [id_ for ec2 in all_ec2() for id_ in list(ec2.machines)]
    return {id_: keys.of_instance(id_, secret) for id_ in ids}


def is_trusted(service: str, role: str) -> bool:
    """Return whether a role exists, and a service may take it on by its trust policy."""
    try:
        document = iam_backends[ACCOUNT]["aws"].get_role(role).assume_role_policy_document
    except NotFoundException:
        return False
    for statement in listed(json.loads(document)):
        services = (statement.get("Principal") or {}).get("Service", [])
        if statement["Effect"] == "Allow" and service in ([services] if isinstance(services, str) else services):
            return True
    return False


def listed(policy: Mapping[str, Any]) -> list[Statement]:
    """Return a policy's statements as a list; a single one may stand alone."""
    statements = policy["Statement"]
    return cast("list[Statement]", statements if isinstance(statements, list) else [statements])


def _documents(role: Role) -> Iterator[str]:
    yield from (str(document) for document in role.policies.values())
    for attached in cast("Mapping[str, Policy]", role.managed_policies).values():
        yield from _in_force(attached)


def _in_force(policy: Policy) -> Iterator[str]:
    yield from (str(version.document) for version in policy.versions if version.is_default)
