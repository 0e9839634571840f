"""What AWS has of review stacks, by their tags."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from release import names
from release.clients import client
from release.review import tagged

REGION, WHEN = "eu-west-1", "2026-01-28T12:00:00Z"


def test_what_lacks_a_tag_is_nobodys():
    """Neither without the stack's nor without the expiry; a machine or a gateway that is gone is not counted."""
    both = {names.STACK_TAG: "pr-42", names.EXPIRY_TAG: WHEN}
    arn = f"arn:aws:ec2:{REGION}:123456789012"
    found = tagged.by_stack(
        [
            (f"{arn}:vpc/vpc-1", both),
            (f"{arn}:vpc/vpc-2", {names.STACK_TAG: "prod"}),
            (f"{arn}:vpc/vpc-3", {names.EXPIRY_TAG: WHEN}),
            (f"{arn}:natgateway/nat-1", both),
            (f"{arn}:instance/i-1", both),
        ]
    )
    assert found == {"pr-42": tagged.Tagged(expires=frozenset({WHEN}), arns=(f"{arn}:vpc/vpc-1",))}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.mark.sandbox
@pytest.mark.usefixtures("aws")
def test_aws_is_asked_for_all_or_for_one():
    """A stack whose name begins alike is another one."""
    ec2 = client("ec2", REGION)
    for stack in ("pr-4", "pr-42", "prod"):
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        tags = {names.STACK_TAG: stack} | ({names.EXPIRY_TAG: WHEN} if stack != "prod" else {})
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    assert list(tagged.look(REGION)) == ["pr-4", "pr-42"]
    assert list(tagged.look(REGION, "pr-4")) == ["pr-4"]
    assert list(tagged.look("eu-central-1")) == []
