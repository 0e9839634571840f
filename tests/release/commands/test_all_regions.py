"""`status --all-regions`: two regions in one emulator, a store in both, and a stack in each."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from release import names
from release.__main__ import main
from release.clients import client
from release.store.event import Event
from release.store.ledger import Ledger
from tests.aws.emulator import Emulator

pytestmark = pytest.mark.sandbox

WEST, CENTRAL = "eu-west-1", "eu-central-1"
STORES = {WEST: "slipway-both-west", CENTRAL: "slipway-both-central"}
SERVED = Event(
    at=datetime.now(timezone.utc),
    by="kim",
    stack="both",
    fleet="web",
    action="deploy",
    sha="a" * 40,
    digest="d" * 64,
    outcome="succeeded",
)


def group(region: str, stack: str, posture: str, size: int) -> None:
    """A fleet `web` of a stack, which wants `size` instances and launches none: nobody plays the machines."""
    ec2, named = boto3.client("ec2", region), [{"Name": "launch-template-name", "Values": [stack]}]
    if not ec2.describe_launch_templates(Filters=named)["LaunchTemplates"]:
        data: Any = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
        ec2.create_launch_template(LaunchTemplateName=stack, LaunchTemplateData=data)
    tags = {names.STACK_TAG: stack, names.FLEET_TAG: "web", names.STORE_TAG: STORES[region], names.POSTURE_TAG: posture}
    scaling, name = boto3.client("autoscaling", region), names.group_name(stack, "web")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": stack, "Version": "1"},
        MinSize=0,
        MaxSize=size,
        AvailabilityZones=[f"{region}a"],
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in tags.items()],
    )
    scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    scaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=size)


@pytest.fixture
def both(aws: str) -> Iterator[Emulator]:
    """Stack `both` in the first region, active; `both-dr` in the second, which follows it."""
    emulator = Emulator(urlsplit(aws).port or 0)
    for region, bucket in STORES.items():
        s3 = boto3.client("s3", region)
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):  # by the test before
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for region, bucket in STORES.items():
        there, other = next((place, name) for place, name in STORES.items() if name != bucket)
        rule: Any = {
            "ID": names.replication_rule(there),
            "Priority": 0,
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{other}"},
        }
        boto3.client("s3", region).put_bucket_replication(
            Bucket=bucket,
            ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/replication", "Rules": [rule]},
        )
    Ledger(STORES[WEST], client("s3", WEST)).record(SERVED)
    follower = replace(SERVED, stack="both-dr", follows="both", followed=True)
    Ledger(STORES[CENTRAL], client("s3", CENTRAL)).record(follower)
    group(WEST, "both", "active", 1)
    yield emulator
    emulator.post("faults", {})
    for region in STORES:
        scaling = boto3.client("autoscaling", region)
        for found in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
            scaling.delete_auto_scaling_group(AutoScalingGroupName=found["AutoScalingGroupName"], ForceDelete=True)


def status(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    code = main(["status", "--all-regions", *more])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_every_stack_of_the_store_in_both_regions(both: Emulator, capsys: pytest.CaptureFixture[str]):
    """From either side; two that are live at once are said, and told to a script by the exit status."""
    group(CENTRAL, "both-dr", "active", 1)
    code, said, _ = status(capsys, "--stack", "both")
    assert code == 3
    rows = [line.split()[:4] for line in said.splitlines()]
    assert rows[:3] == [
        ["REGION", "STACK", "POSTURE", "FLEET"],
        [WEST, "both", "active", "web"],
        [CENTRAL, "both-dr", "active", "web"],
    ]
    assert f"live in both: both in {WEST} and both-dr in {CENTRAL}, which follows it." in said
    code, said, _ = status(capsys, "--bucket", STORES[CENTRAL], "--region", CENTRAL, "--json")
    assert code == 3
    shown = json.loads(said)
    assert shown["live_in_both"] == [[{"stack": "both", "region": WEST}, {"stack": "both-dr", "region": CENTRAL}]]
    assert [region["region"] for region in shown["regions"]] == [CENTRAL, WEST]
    assert shown["regions"][0]["stacks"][0]["follows"] == "both"


def test_one_that_stands_by_is_no_conflict(both: Emulator, capsys: pytest.CaptureFixture[str]):
    """A pilot light is shown with its posture, and the exit status is 0."""
    group(CENTRAL, "both-dr", "pilot-light", 0)
    code, said, _ = status(capsys, "--stack", "both")
    assert code == 0
    assert said.splitlines()[2].split() == [
        CENTRAL,
        "both-dr",
        "pilot-light",
        "web",
        "no",
        "instances,",
        "and",
        "none",
        "are",
        "wanted",
    ]
    assert "live in both" not in said


def test_a_region_that_does_not_answer_is_one_line(both: Emulator, capsys: pytest.CaptureFixture[str]):
    """The other one is shown all the same; asked from the dark one, the error says how to ask instead."""
    group(CENTRAL, "both-dr", "active", 1)
    both.post("faults", {"dark": [WEST]})
    code, said, _ = status(capsys, "--stack", "both-dr", "--region", CENTRAL)
    assert code == 0
    assert f"{CENTRAL}  both-dr  active" in said
    assert said.splitlines()[-1] == f"region {WEST} does not answer"
    code, said, errors = status(capsys, "--stack", "both", "--region", WEST)
    assert (code, said) == (1, "")
    assert errors.startswith(f"error: region {WEST}: could not look for its fleets: ")
    assert f"Where the region {WEST} is dark, ask from the store's other one: --region, with --stack" in errors
