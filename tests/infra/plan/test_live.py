"""A deploy says that another region is live too, and fails for nothing that it can't find out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.plan import live
from infra.settings import Settings, parse
from release import names
from release.clients import client
from release.store.event import Event
from release.store.ledger import Ledger

pytestmark = pytest.mark.sandbox

WEST, CENTRAL, ACCOUNT = "eu-west-1", "eu-central-1", "123456789012"
STORES = {region: names.bucket_name("prod", ACCOUNT, region) for region in (WEST, CENTRAL)}
SERVED = Event(
    at=datetime.now(timezone.utc),
    by="kim",
    stack="prod",
    fleet="web",
    action="deploy",
    sha="a" * 40,
    digest="d" * 64,
    outcome="succeeded",
)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store in both regions."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": WEST}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        for region, bucket in STORES.items():
            place: Any = {"LocationConstraint": region}
            boto3.client("s3", region).create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        yield


def record(region: str, **changes: Any) -> None:
    Ledger(STORES[region], client("s3", region)).record(replace(SERVED, at=datetime.now(timezone.utc), **changes))


def prod() -> Settings:
    given = {"artifacts": {"replica": {"region": CENTRAL}}}
    return parse({"loadBalancer": {"http": True}, "fleets": {"web": None}, **given}, "prod", {"AWS_REGION": WEST})


def dr(**recovery: str) -> Settings:
    given = {"artifacts": {"bucket": STORES[CENTRAL]}, "release": {"follow": "prod"}, "recovery": recovery}
    return parse({"loadBalancer": {"http": True}, "fleets": {"web": None}, **given}, "dr", {"AWS_REGION": CENTRAL})


def group(stack: str, posture: str | None, size: int) -> None:
    """A fleet beside the replica."""
    data: Any = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    boto3.client("ec2", CENTRAL).create_launch_template(LaunchTemplateName=names.prefix(stack), LaunchTemplateData=data)
    tags = {names.STACK_TAG: stack, names.FLEET_TAG: "web", names.STORE_TAG: STORES[CENTRAL]}
    tags |= {names.POSTURE_TAG: posture} if posture else {}
    boto3.client("autoscaling", CENTRAL).create_auto_scaling_group(
        AutoScalingGroupName=names.group_name(stack, "web"),
        LaunchTemplate={"LaunchTemplateName": names.prefix(stack), "Version": "1"},
        MinSize=size,
        MaxSize=size,
        AvailabilityZones=[f"{CENTRAL}a"],
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in tags.items()],
    )


@pytest.mark.parametrize(
    ("posture", "size", "warned"), [("active", 1, True), (None, 1, True), ("warm", 1, False), ("active", 0, False)]
)
def test_the_first_region_is_told_of_one_that_follows_it(posture: str | None, size: int, warned: bool):
    """If that is all there; a stranger that shares the store is none of its business."""
    record(WEST, stack="dr", follows="prod")
    group("dr", posture, size)
    group("other", "active", 1)
    found = live.warnings(prod(), STORES[WEST], ACCOUNT)
    assert [line.partition(",")[0] for line in found] == (
        [f"live in both: prod in {WEST} and dr in {CENTRAL}"] if warned else []
    )


def test_the_follower_is_told_by_its_own_ledger():
    """The followed stack serves again since somebody chose a release here. The first region is not asked."""
    record(CENTRAL, stack="dr", follows="prod", followed=False)
    assert live.warnings(dr(), STORES[CENTRAL], ACCOUNT) == []
    record(CENTRAL, sha="b" * 40)
    found = live.warnings(dr(), STORES[CENTRAL], ACCOUNT)
    assert len(found) == 1
    assert found[0].startswith(f"prod, which this stack follows, serves {'b' * 40} since ")
    assert live.warnings(dr(posture="warm"), STORES[CENTRAL], ACCOUNT) == []


def test_what_can_not_be_found_out_stops_no_deploy(monkeypatch: pytest.MonkeyPatch):
    """There is no store yet; or the other region is dark."""
    assert live.warnings(prod(), "slipway-none", ACCOUNT) == []
    record(WEST, stack="dr", follows="prod")
    monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", "http://127.0.0.1:1")
    assert live.warnings(prod(), STORES[WEST], ACCOUNT) == []
