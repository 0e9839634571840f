"""Who may take on a role: what its trust policy says of the caller, and, of the account, what the caller's own does.

As the IAM user guide has it ("Roles terms and concepts", "AWS JSON policy elements: Principal").
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Role, iam_backends

from sandbox.aws.iam.policy import Ask, Statement, decide
from sandbox.aws.iam.principals import listed

_ACCOUNT = (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")


def role_of(arn: str) -> Role | None:
    """Return the role with this ARN, or None."""
    try:
        return iam_backends[ACCOUNT]["aws"].get_role_by_arn(arn)
    except NotFoundException:
        return None


def trusts_callers(role: Role, ask: Ask, own: Collection[str]) -> tuple[bool, bool]:
    """Return whether the role trusts a caller whose ARNs are `own`, and whether it trusts the account that they are of.

    In the second case the caller's own policy has to allow it too.
    """
    document = role.assume_role_policy_document
    named = [each for each in _statements(document) if _means(each, "AWS", own) or _denies(each, _ACCOUNT)]
    of_account = [each for each in _statements(document) if _means(each, "AWS", (*own, *_ACCOUNT))]
    return decide(named, ask), decide(of_account, ask)


def trusts_provider(role: Role, ask: Ask, provider: str) -> bool:
    """Return whether the role trusts an identity provider (an ARN), given a token's claims as the context of `ask`."""
    found = [each for each in _statements(role.assume_role_policy_document) if _means(each, "Federated", (provider,))]
    return decide(found, ask)


def _statements(document: str) -> list[Statement]:
    """Return the statements; the role itself is the resource of each."""
    return [{**statement, "Resource": "*"} for statement in listed(json.loads(document))]


def _denies(statement: Statement, names: Collection[str]) -> bool:
    return statement["Effect"] == "Deny" and _means(statement, "AWS", names)


def _means(statement: Statement, kind: str, names: Collection[str]) -> bool:
    principal: Any = statement.get("Principal")
    if principal == "*":
        return True
    given = principal.get(kind, []) if isinstance(principal, Mapping) else []
    return any(each in ("*", *names) for each in ([given] if isinstance(given, str) else given))
