"""A boundary lets through what the policies that it bounds need, and nothing that makes more of a role."""

from __future__ import annotations

from typing import Any

import pytest

from infra.permissions import boundaries, policies, roles
from release import names
from sandbox.aws.iam.policy import Ask, decide

BOUNDARY = "arn:aws:iam::123456789012:policy/slipway.prod.boundary"
SCOPE = roles.Scope(
    stack="prod",
    region="eu-west-1",
    account="123456789012",
    state="state/prod",
    key="arn:aws:kms:eu-west-1:123456789012:key/0",
    replica="eu-central-1",
    boundary=BOUNDARY,
)
PARTS = boundaries.of_parts(SCOPE)
ROLES = boundaries.of_roles(SCOPE, sorted(roles.ROLES))
OWN = "arn:aws:iam::123456789012:role/slipway.prod.deployer"
MADE = "arn:aws:iam::123456789012:role/slipway-prod-web-eu-west-1"


def asks(document: dict[str, Any]) -> list[Ask]:
    """One question for each action and resource of a policy, in the context that its conditions want."""
    found: list[Ask] = []
    for statement in document["Statement"]:
        wanted = {
            key: value if isinstance(value, str) else value[0]
            for operator, keys in statement.get("Condition", {}).items()
            for key, value in keys.items()
            if operator == "StringEquals"
        }
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            found += [Ask(action=action, resource=resource, context=wanted) for action in statement["Action"]]
    return found


@pytest.mark.parametrize("stack", ["prod", names.drill_stack("prod")])
def test_the_parts_of_a_stack_keep_what_they_need(stack: str):
    """Instances, flow logs and replication, those of the stack's drill too."""
    instance = policies.instance(
        stack=stack, fleet="web", region=SCOPE.region, account=SCOPE.account, bucket=SCOPE.bucket_name
    )
    logs = policies.flow_logs(SCOPE.arn("logs", f"log-group:{names.flow_logs_group_name(stack)}"))
    for document in (instance, logs, policies.replication(SCOPE.stores, locked=True)):
        assert [ask for ask in asks(document) if not decide(PARTS["Statement"], ask)] == []


def test_instances_read_their_secrets_through_the_parameter_store():
    """Its own key's policy lets them; a boundary without that would take it away. No key is theirs to use otherwise."""
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    via = {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"}
    for document in (PARTS, ROLES):
        assert decide(document["Statement"], Ask(action="kms:Decrypt", resource=key, context=via))
        assert not decide(document["Statement"], Ask(action="kms:Decrypt", resource=key))


@pytest.mark.parametrize("action", ["iam:CreateUser", "sts:AssumeRole", "s3:DeleteObject", "ec2:RunInstances"])
def test_the_parts_of_a_stack_get_nothing_else(action: str):
    """Even with an administrator's policy, an instance is no more than an instance."""
    assert not decide(PARTS["Statement"], Ask(action=action, resource="*"))


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_people_and_pipelines_keep_what_their_policies_say(role: str):
    """Whatever any of them is for is inside."""
    wanted = asks(roles.policy(role, SCOPE))
    assert [ask for ask in wanted if not decide(ROLES["Statement"], ask)] == []


@pytest.mark.parametrize(
    ("action", "resource", "boundary"),
    [
        ("iam:CreateRole", MADE, None),
        ("iam:CreateRole", MADE, "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("iam:PutRolePolicy", MADE, None),
        ("iam:PutRolePermissionsBoundary", MADE, "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("iam:DeleteRolePermissionsBoundary", MADE, BOUNDARY),
        ("iam:PutRolePolicy", OWN, BOUNDARY),
        ("iam:AttachRolePolicy", OWN, BOUNDARY),
        ("iam:UpdateAssumeRolePolicy", OWN, BOUNDARY),
        ("iam:CreatePolicyVersion", BOUNDARY, None),
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/x", BOUNDARY),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/admin", None),
        ("kms:ScheduleKeyDeletion", SCOPE.key, None),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/another", None),
    ],
)
def test_nobody_becomes_an_administrator(action: str, resource: str, boundary: str | None):
    """Neither the deployer's own policy nor its boundary allows it, whatever is attached to it one day."""
    context = {"iam:PermissionsBoundary": boundary} if boundary else {}
    ask = Ask(action=action, resource=resource, context=context)
    assert not decide(ROLES["Statement"], ask)
    assert not decide(roles.policy("deployer", SCOPE)["Statement"], ask)


def test_boundaries_are_managed_policies():
    """One fits into 6,144 characters, for the longest names too."""
    long = roles.Scope(
        stack="s" * 20,
        region="ap-southeast-2",
        account="1" * 12,
        bucket="b" * 63,
        state="c" * 63,
        key=f"arn:aws:kms:ap-southeast-2:{'1' * 12}:key/{'0' * 36}",
        replica="ap-southeast-4",
        replica_bucket="d" * 63,
        boundary=f"arn:aws:iam::{'1' * 12}:policy/{'x' * 40}",
    )
    assert roles.size(boundaries.of_parts(long)) <= roles.LIMIT
    assert roles.size(boundaries.of_roles(long, sorted(roles.ROLES))) <= roles.LIMIT
