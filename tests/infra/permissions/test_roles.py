"""The policies are of IAM's own vocabulary, as narrow as it allows, and what the page shows."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from infra.permissions import policies, roles
from infra.permissions.page import PAGE, render

SCOPE = roles.Scope(
    stack="prod",
    region="eu-west-1",
    account="123456789012",
    state="team-state",
    key="arn:aws:kms:eu-west-1:123456789012:key/0",
    zone="Z0",
    replica="eu-central-1",
)
LONGEST = roles.Scope(
    stack="s" * 40,
    region="ap-southeast-2",
    account="1" * 12,
    bucket="b" * 63,
    replica="ap-southeast-4",
    replica_bucket="c" * 63,
)
# Made by cfn-lint from AWS's service authorization reference.
KNOWN = json.loads((resources.files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text())
ANYWHERE = {
    "cloudwatch:GetMetricData": "metrics of AWS's own namespaces are in no dataset",
    "cloudwatch:DescribeAlarms": "tells of composite alarms only where it is allowed on all (its API reference)",
    "ssm:UpdateInstanceInformation": "as in AmazonSSMManagedInstanceCore: an instance's id is not known beforehand",
}
EVERYONE = {
    **{role: roles.policy(role, SCOPE) for role in roles.ROLES},
    "instance": policies.instance(
        stack="prod", fleet="web", region="eu-west-1", account="123456789012", bucket="store"
    ),
}
RULES = [(role, rule) for role, policy in EVERYONE.items() for rule in policy["Statement"]]


def named(pair: tuple[str, policies.Statement]) -> str:
    return f"{pair[0]}-{pair[1].get('Sid', '')}"


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def types(action: str) -> tuple[list[str], list[str]]:
    """The kinds of resources that AWS lets an action be limited to, as patterns of their ARNs."""
    service, name = action.split(":")
    known = KNOWN[service]["Actions"].get(name.lower())
    assert known is not None, f"{action} is no action"
    kinds = known.get("Resources", [])
    return kinds, [form for kind in kinds for form in kind_of(service, kind)["ARNFormats"]]


def kind_of(service: str, name: str) -> dict[str, Any]:
    """A kind of resource; cfn-lint writes its name now with capitals, now without."""
    return next(kind for key, kind in KNOWN[service]["Resources"].items() if key.lower() == name.lower())


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_every_action_is_one_and_is_limited_where_it_can_be(rule: tuple[str, policies.Statement]):
    """`*` stands only for what AWS can't limit, and a limit only where AWS looks at it."""
    for action in rule[1]["Action"]:
        kinds, _ = types(action)
        limited = rule[1]["Resource"] != "*"
        assert limited == bool(kinds) or action in ANYWHERE, f"{action}: {kinds}"


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_limit_names_a_kind_of_resource_that_the_action_has(rule: tuple[str, policies.Statement]):
    """Each action has a resource of the statement, and each resource an action."""
    given = listed(rule[1]["Resource"])
    if given == ["*"]:
        return
    used: set[str] = set()
    for action in rule[1]["Action"]:
        _, formats = types(action)
        fitting = [arn for arn in given if any(fits(arn, form) for form in formats)]
        assert fitting, f"{action} has no resource like {given}: {formats}"
        used.update(fitting)
    assert used == set(given)


def fits(arn: str, form: str) -> bool:
    """Whether an ARN, wildcards and all, can be one of a format such as `arn:${Partition}:s3:::.*`."""
    wanted = re.sub(r"\$\{[^}]+\}", ".*", form)
    sample = arn.replace("*", "x")
    kind = arn.split(":", 5)[-1]
    return any(re.fullmatch(wanted, each) for each in (sample, f"{sample}:log-stream:x")) or kind.startswith("*/")


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_tags_decide_only_where_aws_looks_at_them(rule: tuple[str, policies.Statement]):
    """A condition on a resource's tags, of an action whose resources have none, would allow nothing."""
    keys = {key for each in rule[1].get("Condition", {}).values() for key in each if key.startswith("aws:ResourceTag/")}
    for action in rule[1]["Action"] if keys else ():
        kinds, _ = types(action)
        looked_at = [kind_of(action.partition(":")[0], kind).get("ConditionKeys", []) for kind in kinds]
        assert any("aws:ResourceTag/${TagKey}" in each for each in looked_at), f"{action} looks at no tags"


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_the_parts_fit_and_are_the_whole(role: str):
    """For the longest name that a stack may have, too."""
    for scope in (SCOPE, LONGEST):
        parts = roles.parts(role, scope)
        assert [rule for part in parts for rule in part["Statement"]] == roles.policy(role, scope)["Statement"]
        assert len(parts) <= 10
        assert all(roles.size(part) <= roles.LIMIT for part in parts)


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_nobody_can_lose_a_release(role: str):
    """Releases and ledger are only ever added to."""
    for rule in roles.policy(role, SCOPE)["Statement"]:
        if any(arn.startswith("arn:aws:s3:::slipway-prod") for arn in listed(rule["Resource"])):
            assert not [action for action in rule["Action"] if "Delete" in action], rule


def test_who_only_looks_changes_nothing():
    """The previewer's actions all read."""
    actions = [action for rule in EVERYONE["previewer"]["Statement"] for action in rule["Action"]]
    reading = ("Describe", "Get", "List", "Filter", "Decrypt")
    assert not [action for action in actions if not action.partition(":")[2].startswith(reading)]


def test_state_may_be_a_folder():
    """Its objects are those of the folder; what can be listed is the bucket, whose ARN has no folder."""
    scope = replace(SCOPE, state="team-state/prod")
    rules = {rule["Sid"]: rule["Resource"] for rule in roles.policy("deployer", scope)["Statement"]}
    assert rules["State"] == "arn:aws:s3:::team-state/prod/.pulumi/*"
    assert rules["ListState"] == "arn:aws:s3:::team-state"


def test_rights_are_given_only_to_roles_with_the_boundary():
    """Where there is one; and it can't be taken off."""
    boundary = "arn:aws:iam::123456789012:policy/slipway.prod.boundary"
    bounded = roles.policy("deployer", replace(SCOPE, boundary=boundary))["Statement"]
    giving = [rule for rule in bounded if {"iam:CreateRole", "iam:PutRolePolicy"} & set(rule["Action"])]
    assert [rule["Condition"] for rule in giving] == [{"StringEquals": {"iam:PermissionsBoundary": boundary}}]
    actions = {action for rule in bounded for action in rule["Action"]}
    assert not actions & {"iam:DeleteRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"}
    assert (
        "Condition" not in next(rule for rule in RULES if rule[1]["Sid"] == "GiveRights" and rule[0] == "deployer")[1]
    )


def test_the_page_is_not_stale():
    """`python -m infra.permissions.page` makes it anew."""
    page = Path(PAGE).read_text(encoding="utf-8")
    assert render(page) == page
