"""Whether a service, or a role, may use a key: by the key's policy, and by the role's where the key's hands that on.

Sources: KMS developer guide, "Key policies" and "Determining access to AWS KMS keys".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.kms.models import Key, kms_backends

from sandbox.aws.iam.policy import Ask, Statement, decide
from sandbox.aws.iam.principals import Principal, listed

Context = Mapping[str, str]
_ROOT = (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)


def find(arn: str, region: str) -> Key | None:
    """Return the enabled, symmetric key of this region with this ARN; None if there is none: services use no other."""
    key = kms_backends[ACCOUNT][region].keys.get(arn.rpartition("/")[2])
    if key is None or key.arn != arn or not key.enabled or key.key_state != "Enabled":
        return None
    return key if key.key_spec == "SYMMETRIC_DEFAULT" else None


def by_service(key: Key, service: str, actions: Sequence[str], context: Context) -> bool:
    """Return whether a service (`logs.eu-west-1.amazonaws.com`) may do all of these actions for itself."""
    statements = list(_about(key, {"Service": (service,)}))
    return all(decide(statements, Ask(action=action, resource=key.arn, context=context)) for action in actions)


def by_role(key: Key, principal: Principal, action: str, context: Context) -> bool:
    """Return whether a role may do it. Its own policies count where the key's policy allows it to the account."""
    common = {"aws:PrincipalArn": principal.role_arn, "aws:PrincipalAccount": ACCOUNT}
    ask = Ask(action=action, resource=key.arn, context={**common, **context})
    named = list(_about(key, {"AWS": ("*", principal.role_arn)}))
    handed_on = decide(list(_about(key, {"AWS": _ROOT})), ask)
    denied = [each for each in _about(key, {"AWS": _ROOT}) if each["Effect"] == "Deny"]
    return decide([*named, *denied, *(principal.statements() if handed_on else ())], ask)


def _about(key: Key, meant: Mapping[str, Sequence[str]]) -> Iterator[Statement]:
    """Yield the statements of a key's policy about one of these principals."""
    for statement in listed(json.loads(key.policy)):
        given: Any = statement.get("Principal", {})
        by_kind: Mapping[str, Any] = {"AWS": given} if isinstance(given, str) else given
        for kind, names in by_kind.items():
            named = [names] if isinstance(names, str) else names
            if any(name in meant.get(kind, ()) for name in named):
                yield statement
                break
