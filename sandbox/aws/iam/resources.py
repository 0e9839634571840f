"""What a resource's own policy has to say: a bucket's, and a key's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from sandbox.aws.iam import principals
from sandbox.aws.iam.calls import Call
from sandbox.aws.iam.policy import Ask, Statement, decide
from sandbox.aws.iam.principals import Principal

_ACCOUNT = (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")


@dataclass(frozen=True, kw_only=True)
class Said:
    """A resource policy's statements about one principal.

    Within an account either policy may allow. What is given to the role's session itself is not limited by what the
    role's policies and its boundary leave out; what is given to the role is (IAM user guide, "Permissions boundaries
    for IAM entities", "Evaluating effective permissions with boundaries").
    """

    to_role: tuple[Statement, ...] = ()
    to_session: tuple[Statement, ...] = ()
    leaves_to_iam: Callable[[Ask], bool] = lambda _: True
    """Whether the principal's own policies count: those of a key's users do only if its policy says so."""


def policy_of(call: Call, principal: Principal) -> Said:
    """Return what the policy of the call's resource says, if it is one that has a policy here."""
    if call.service == "s3":
        named = (call.parameters.get("Bucket"), str(call.parameters.get("CopySource", "")).partition("/")[0])
        there = [of_bucket(bucket, principal) for bucket in map(buckets().get, map(str, named)) if bucket is not None]
        return Said(
            to_role=tuple(each for said in there for each in said.to_role),
            to_session=tuple(each for said in there for each in said.to_session),
        )
    key = key_of(call) if call.service == "kms" else None
    if key is None:
        return Said()
    # A key's policy alone decides whether IAM's do: KMS developer guide, "Key policies in AWS KMS".
    to_account = [each for each in _about(key.policy, (*_ACCOUNT, "*")) if each["Effect"] == "Allow"]
    said = _said(key.policy, principal)
    return Said(to_role=said.to_role, to_session=said.to_session, leaves_to_iam=lambda ask: decide(to_account, ask))


def of_bucket(bucket: Any, principal: Principal) -> Said:  # noqa: ANN401 - moto's bucket
    """Return what a bucket's policy says."""
    return _said(bucket.policy, principal) if bucket.policy else Said()


def key_of(call: Call) -> Any | None:  # noqa: ANN401 - moto's key
    """Return the key that a call to KMS is about, which a ciphertext names as well; None if it is about none."""
    backend = kms_backends[ACCOUNT][call.region]
    given = call.parameters.get("KeyId") or call.parameters.get("TargetKeyId")
    if not given and (ciphertext := call.parameters.get("CiphertextBlob")):
        given = bytes(ciphertext)[:36].decode("latin-1")  # moto's form of a ciphertext begins with the key's id
    name = str(given or "")
    alias = backend.get_alias_name(name)
    known = backend.get_key_id_from_alias(alias) if alias.startswith("alias/") else backend.get_key_id(name)
    return backend.keys.get(str(known))


def buckets() -> Mapping[str, Any]:
    """Return all buckets by name."""
    return s3_backends[ACCOUNT]["aws"].buckets


def _said(document: str | bytes, principal: Principal) -> Said:
    role, session = ("*", principal.role_arn), (principal.arn,)
    about_role = [each for each in _about(document, (*role, *_ACCOUNT)) if _counts(each, role)]
    return Said(to_role=tuple(about_role), to_session=tuple(_about(document, session)))


def _counts(statement: Statement, role: tuple[str, ...]) -> bool:
    """Return whether a statement about the role or its account is one about the role.

    An account in an Allow only lets its administrators hand the permission on.
    """
    return statement["Effect"] == "Deny" or bool(_names(statement) & set(role))


def _about(document: str | bytes, names: tuple[str, ...]) -> list[Statement]:
    return [each for each in principals.listed(json.loads(document)) if _names(each) & set(names)]


def _names(statement: Statement) -> set[str]:
    named = statement.get("Principal", "*")
    named = named.get("AWS", []) if isinstance(named, Mapping) else named
    return {str(each) for each in (named if isinstance(named, list) else [named])}
