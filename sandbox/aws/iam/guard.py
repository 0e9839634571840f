"""Lets a role's requests through that its policies allow, refuses the others, and keeps account of both."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.s3.models import s3_backends
from werkzeug.wrappers import Response

from sandbox.aws.faults.requests import denied
from sandbox.aws.iam import principals
from sandbox.aws.iam.asks import asks
from sandbox.aws.iam.calls import Call, read, signed
from sandbox.aws.iam.policy import Ask, Statement, allowing, decide
from sandbox.aws.iam.principals import Principal

_FREE = {"sts:GetCallerIdentity"}
"""What needs no permission."""


class Account:
    """By role: what it was allowed, by which patterns of its policies, and what it was refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, set[str]] = {}
        self._refused: dict[str, set[str]] = {}

    def note(self, role: str, used: set[str], refused: set[str]) -> None:
        """Record the outcome of one request."""
        with self._lock:
            self._used.setdefault(role, set()).update(used)
            self._refused.setdefault(role, set()).update(refused)

    def report(self) -> dict[str, dict[str, list[str]]]:
        """Return `{role: {"used": [actions], "refused": ["action on resource"]}}`."""
        with self._lock:
            return {
                role: {"used": sorted(self._used[role]), "refused": sorted(self._refused[role])}
                for role in sorted(self._used)
            }


account = Account()


def meet(environ: dict[str, Any]) -> Response | None:
    """Return the error to answer with, or None to go on: unsigned, an administrator's, or allowed."""
    by = signed(environ)
    principal = principals.of(by.key) if by else None
    if by is None or principal is None:
        return None
    call = read(environ, by)
    if call is None:
        return None
    meant = _buckets().get(str(call.parameters.get("Bucket"))) if call.service == "s3" else None
    statements = [*principal.statements(), *(of_bucket(meant, principal) if meant else [])]
    wanted = [ask for ask in _asked(call, principal) if ask.action not in _FREE]
    refused = [ask for ask in wanted if not decide(statements, ask)]
    missing = _missing(call) if not refused else None
    hidden = missing is not None and not decide(statements, missing)
    granted = [ask for ask in wanted if ask not in refused] + ([missing] if missing and not hidden else [])
    used = {action for ask in granted for action in allowing(statements, ask)}
    account.note(principal.role, used, {f"{ask.action} on {ask.resource}" for ask in refused})
    if refused:
        ask = refused[0]
        said = f"User: {principal.arn} is not authorized to perform: {ask.action} on resource: {ask.resource}"
        return denied(by.service, said)
    return denied(by.service, "Access Denied") if hidden else None


def _asked(call: Call, principal: Principal) -> Iterator[Ask]:
    common = {"aws:PrincipalArn": principal.role_arn, "aws:PrincipalAccount": ACCOUNT, "aws:SecureTransport": "true"}
    for ask in asks(call):
        yield Ask(action=ask.action, resource=ask.resource, context={**common, **ask.context})


def of_bucket(bucket: Any, principal: Principal) -> list[Statement]:  # noqa: ANN401 - moto's bucket
    """Return the bucket policy's statements about this principal; within an account, either policy may allow."""
    if not bucket.policy:
        return []
    meant = ("*", principal.role_arn, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    found: list[Statement] = []
    for statement in principals.listed(json.loads(bucket.policy)):
        named = statement.get("Principal", "*")
        named = named.get("AWS", []) if isinstance(named, Mapping) else named
        given = named if isinstance(named, list) else [named]
        # An account in an Allow only lets its administrators hand the permission on.
        if any(each in (meant if statement["Effect"] == "Deny" else meant[:2]) for each in given):
            found.append(statement)
    return found


def _missing(call: Call) -> Ask | None:
    """Return the permission that reveals a missing key: without s3:ListBucket S3 answers 403 (GetObject's page)."""
    if call.operation not in ("GetObject", "HeadObject"):
        return None
    bucket = _buckets().get(str(call.parameters.get("Bucket")))
    if bucket is None or bucket.keys.get(call.parameters["Key"]) is not None:
        return None
    return Ask(action="s3:ListBucket", resource=f"arn:aws:s3:::{bucket.name}")


def _buckets() -> Mapping[str, Any]:
    return s3_backends[ACCOUNT]["aws"].buckets
