"""What the role of review stacks reaches, and that stacks whose names begin alike do not reach each other."""

from __future__ import annotations

import pytest

from infra.permissions import policies, roles
from infra.permissions.scope import Scope
from release import names
from sandbox.aws.iam.policy import Ask, decide

WHERE = {"region": "eu-west-1", "account": "123456789012"}


def scope(stack: str) -> Scope:
    return Scope(stack=stack, state=f"state/{stack}", **WHERE)


def tags(stack: str, kind: str = "ResourceTag", *, expires: bool = True) -> dict[str, str]:
    more = {f"aws:{kind}/{names.EXPIRY_TAG}": "2026-01-31T03:00:00Z"} if expires else {}
    return {f"aws:{kind}/{names.STACK_TAG}": stack, **more}


def changes(stack: str, *, expires: bool = True) -> dict[str, Ask]:
    """One change of each kind of resource of a stack, as the deployer of all has it."""
    of = scope(stack)
    context = tags(stack, expires=expires)
    bucket = names.bucket_arn(names.bucket_name(stack, of.account, of.region), of.region)
    role = of.everywhere("iam", f"{of.account}:role/{names.role_name(stack, 'web', of.region)}")
    group = names.group_arn(stack, "web", **WHERE).replace("*", "1a2b", 1)
    target_group = f"targetgroup/{names.target_group_name(stack, 'web', 8080)}/1a2b"
    found = {
        "vpc": Ask(action="ec2:DeleteVpc", resource=of.arn("ec2", "vpc/vpc-1"), context=context),
        "balancer": Ask(
            action="elasticloadbalancing:DeleteLoadBalancer",
            resource=of.arn("elasticloadbalancing", f"loadbalancer/app/{names.balancer_name(stack)}/1a2b"),
        ),
        "target group": Ask(
            action="elasticloadbalancing:DeleteTargetGroup", resource=of.arn("elasticloadbalancing", target_group)
        ),
        "group": Ask(action="autoscaling:DeleteAutoScalingGroup", resource=group),
        "role": Ask(action="iam:PutRolePolicy", resource=role),
        "log group": Ask(
            action="logs:DeleteLogGroup", resource=of.arn("logs", f"log-group:{names.log_group_name(stack, 'web')}")
        ),
        "alarm": Ask(
            action="cloudwatch:DeleteAlarms",
            resource=of.arn("cloudwatch", f"alarm:{names.alarm_name(stack, 'web', 'errors')}"),
        ),
        "secret": Ask(
            action="ssm:PutParameter", resource=of.arn("ssm", f"parameter{names.parameter_name(stack, 'web', 'KEY')}")
        ),
        "store": Ask(action="s3:PutBucketPolicy", resource=bucket),
        "release": Ask(action="s3:PutObject", resource=f"{bucket}/releases/a/manifest.json"),
    }
    state = {"state": Ask(action="s3:PutObject", resource=f"arn:aws:s3:::state/{stack}/.pulumi/stacks/slipway/x.json")}
    return found | ({} if names.is_review(stack) else state)


def reached(role: str, of: str, stack: str, *, expires: bool = True) -> set[str]:
    """The kinds of another stack's resources that a role may change."""
    statements: list[policies.Statement] = roles.policy(role, scope(of))["Statement"]
    return {kind for kind, ask in changes(stack, expires=expires).items() if decide(statements, ask)}


@pytest.mark.parametrize(("of", "stack"), [("pr-4", "pr-42"), ("pr-42", "pr-4"), ("pr-4", "pr-4"), ("prod", "prod")])
def test_a_deployer_reaches_its_own_stack_alone(of: str, stack: str):
    """Also where one name begins as the other."""
    everything = set(changes(stack))
    assert reached("deployer", of, stack) == (everything if of == stack else set())


@pytest.mark.parametrize("stack", ["pr-4", "pr-42", "pr-999999999"])
def test_the_role_reaches_all_review_stacks(stack: str):
    """All that each of them has."""
    assert reached("review", "any", stack) == set(changes(stack))


@pytest.mark.parametrize("stack", ["prod", "dr", "sandbox", "apr-4", "p"])
def test_the_role_reaches_no_other_stack(stack: str):
    """Neither what it has, nor its state."""
    assert reached("review", "review", stack) == set()


def test_in_ec2_only_what_tells_when_it_goes_is_reached():
    """A stack that happens to be named so has no such tag, and nothing can be made without it."""
    assert "vpc" not in reached("review", "any", "pr-4", expires=False)
    statements = roles.policy("review", scope("any"))["Statement"]
    for expires in (True, False):
        made = Ask(
            action="ec2:CreateVpc",
            resource="arn:aws:ec2:eu-west-1:123456789012:vpc/*",
            context=tags("pr-4", "RequestTag", expires=expires),
        )
        assert decide(statements, made) is expires


def test_it_has_no_domain():
    """Pull requests' code changes no record, of whichever zone."""
    actions = {action for rule in roles.policy("review", scope("any"))["Statement"] for action in rule["Action"]}
    assert not [action for action in actions if action.startswith(("route53:", "acm:"))]


def test_it_can_lose_only_stores_of_its_own():
    """Those go with their stacks."""
    removing = {"s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion"}
    for rule in roles.policy("review", scope("any"))["Statement"]:
        if removing & set(rule["Action"]) and rule["Sid"] != "State":
            assert all(arn.startswith("arn:aws:s3:::slipway-pr-*-") for arn in rule["Resource"]), rule


def test_it_may_do_what_a_deployer_may_and_remove_what_it_made():
    """Of which tests/engine/test_permissions.py shows that all of it is needed."""

    def actions(role: str) -> set[str]:
        return {action for rule in roles.policy(role, scope("pr-4"))["Statement"] for action in rule["Action"]}

    assert actions("review") - actions("deployer") == {
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:DeleteObjectVersion",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
        "tag:GetResources",
    }
