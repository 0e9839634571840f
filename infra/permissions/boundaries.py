"""Permissions boundaries: what a role may do at most, whatever its policies come to say. Pure.

Source: IAM user guide, "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from infra.permissions import policies, roles
from infra.permissions.policies import Statement
from infra.permissions.scope import Scope, allow
from release import names

OPEN = "kms", "iam", "sts"
"""The services of which a role's boundary has only what the role's own policy has, word for word."""


def of_parts(scope: Scope) -> dict[str, Any]:
    """Return the boundary of the roles that a stack makes: its instances', its flow logs' and its replication's.

    Those of a drill of the stack have the same, because a drill takes the stack's settings.
    """
    stacks = [scope.stack] if scope.stack == names.REVIEWS else [scope.stack, names.drill_stack(scope.stack)]
    allowed = [statement for stack in stacks for statement in _of_instances(scope, stack)]
    for stack in stacks:
        group = scope.arn("logs", f"log-group:{names.flow_logs_group_name(stack)}")
        allowed += policies.flow_logs(group)["Statement"]
    allowed += policies.replication(scope.stores, locked=True)["Statement"]
    return policies.document(*_once([*allowed, _by_parameter_store(scope, "Decrypt")]))


def of_roles(scope: Scope, given: Sequence[str]) -> dict[str, Any]:
    """Return the boundary of the roles of people and pipelines that work with a stack; `given` are from ROLES.

    It lets them use every service that they use at all, but of identities and keys only what their policies name: a
    policy that is attached by mistake, the administrator's too, gives none of them a way to more.
    """
    statements = [statement for role in given for statement in roles.policy(role, scope)["Statement"]]
    actions = {action for statement in statements for action in statement["Action"]}
    services = sorted({action.partition(":")[0] for action in actions} - set(OPEN))
    named = [_only(statement) for statement in statements]
    return policies.document(
        allow("Work", [f"{service}:*" for service in services], "*"),
        *_once(statement for statement in named if statement["Action"]),
        _by_parameter_store(scope, "Decrypt", "Encrypt", "GenerateDataKey"),
    )


def _by_parameter_store(scope: Scope, *actions: str) -> Statement:
    """Return the use of keys by the Parameter Store for a caller, which the policy of its own key allows anyone.

    Nobody's policy has it. But what a key's policy allows a role, the role's boundary has to allow too.
    """
    key, service = scope.arn("kms", "key/*"), f"ssm.{scope.region}.amazonaws.com"
    return allow(
        "Parameters",
        [f"kms:{action}" for action in actions],
        key,
        {"StringEquals": {"kms:ViaService": service}},
    )


def _of_instances(scope: Scope, stack: str) -> list[Statement]:
    document = policies.instance(
        stack=stack, fleet="*", region=scope.region, account=scope.account, bucket=scope.bucket_name
    )
    jobs = policies.leaves(stack, names.job_fleet("*"), region=scope.region, account=scope.account)
    return [*document["Statement"], jobs]


def _only(statement: Statement) -> Statement:
    """Return the statement without what is not of the services that are OPEN."""
    return {**statement, "Action": [action for action in statement["Action"] if action.partition(":")[0] in OPEN]}


def _once(statements: Iterable[Statement]) -> list[Statement]:
    """Return the statements without those that are there already, and without their ids, which may be there twice."""
    found: dict[str, Statement] = {}
    for statement in statements:
        plain = {key: value for key, value in statement.items() if key != "Sid"}
        found.setdefault(json.dumps(plain, sort_keys=True), plain)
    return list(found.values())
