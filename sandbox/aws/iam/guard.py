"""Lets a role's requests through that its policies allow, refuses the others, and keeps account of both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from werkzeug.wrappers import Response

from sandbox.aws.faults.requests import denied
from sandbox.aws.iam import principals, resources, trust, web_identity
from sandbox.aws.iam.asks import asks
from sandbox.aws.iam.calls import Call, read, signed
from sandbox.aws.iam.policy import Ask, allowing
from sandbox.aws.iam.principals import Principal
from sandbox.aws.iam.resources import Said
from sandbox.aws.iam.rights import Rights

_FREE = {"sts:GetCallerIdentity"}
"""What needs no permission."""
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:user/moto"
"""Whose the session's own keys are."""
_ANY = {"Effect": "Allow", "Action": "*", "Resource": "*"}


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
    """Return the error to answer with, or None to go on: an administrator's, or allowed."""
    by = signed(environ)
    if by is None:
        return web_identity.meet(environ) if web_identity.is_one(environ) else None
    principal = principals.of(by.key)
    call = read(environ, by) if principal or by.service == "sts" else None
    if call is None:
        return None
    if call.operation == "AssumeRole":
        return _assume(call, principal)
    return _decide(call, principal) if principal else None


def _decide(call: Call, principal: Principal) -> Response | None:
    """Return the error if the role may not do what it asks for; keep account of it in any case."""
    may = Rights(principal, resources.policy_of(call, principal))
    wanted = [ask for ask in _asked(call, principal) if ask.action not in _FREE]
    refused = [ask for ask in wanted if not may.do(ask)]
    missing = _missing(call) if not refused else None
    hidden = missing is not None and not may.do(missing)
    granted = [ask for ask in wanted if ask not in refused] + ([missing] if missing and not hidden else [])
    used = {action for ask in granted for action in allowing(may.statements, ask)}
    account.note(principal.role, used, {f"{ask.action} on {ask.resource}" for ask in refused})
    if refused:
        ask = refused[0]
        said = f"User: {principal.arn} is not authorized to perform: {ask.action} on resource: {ask.resource}"
        return denied(call.service, f"{said}{may.why(ask)}")
    return denied(call.service, "Access Denied") if hidden else None


def _assume(call: Call, principal: Principal | None) -> Response | None:
    """Return the error of AssumeRole if the role does not trust the caller; without a principal, an administrator."""
    own = (principal.role_arn, principal.arn) if principal else (ADMINISTRATOR,)
    caller = {"aws:PrincipalArn": own[0], "aws:PrincipalAccount": ACCOUNT}
    ask = Ask(action="sts:AssumeRole", resource=str(call.parameters.get("RoleArn")), context=caller)
    role = trust.role_of(ask.resource)
    by_name, by_account = trust.trusts_callers(role, ask, own) if role else (False, False)
    own_policies = Rights(principal, Said()).do(ask) if principal else True
    bounded = Rights(principal, Said(to_role=(_ANY,))).do(ask) if principal else True
    allowed = (by_name and bounded) or (by_account and own_policies)
    if principal:
        account.note(principal.role, set(), set() if allowed else {f"{ask.action} on {ask.resource}"})
    if role is None or not allowed:
        said = f"User: {own[-1]} is not authorized to perform: {ask.action} on resource: {ask.resource}"
        return denied("sts", said)
    return web_identity.too_long(role, call.parameters.get("DurationSeconds"))


def _asked(call: Call, principal: Principal) -> Iterator[Ask]:
    common = {
        "aws:PrincipalArn": principal.role_arn,
        "aws:PrincipalAccount": ACCOUNT,
        "aws:SecureTransport": "true",
        "aws:userid": principal.user_id,
    }
    for ask in asks(call):
        yield Ask(action=ask.action, resource=ask.resource, context={**common, **ask.context})


def _missing(call: Call) -> Ask | None:
    """Return the permission that reveals a missing key: without s3:ListBucket S3 answers 403 (GetObject's page)."""
    if call.operation not in ("GetObject", "HeadObject"):
        return None
    bucket = resources.buckets().get(str(call.parameters.get("Bucket")))
    if bucket is None or bucket.keys.get(call.parameters["Key"]) is not None:
        return None
    return Ask(action="s3:ListBucket", resource=f"arn:aws:s3:::{bucket.name}")
