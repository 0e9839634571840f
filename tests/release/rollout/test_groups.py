"""The sizes and the posture of a group, over HTTP; and what `release activate` refuses before it changes them."""

from __future__ import annotations

import uuid

import boto3
import pytest

from release import names
from release.__main__ import main
from release.postures import Size
from release.rollout.groups import Groups
from tests.release.conftest import REGION

pytestmark = pytest.mark.sandbox


def make(stack: str, **tags: str) -> str:
    """A group of a stack, of size 0; return its name."""
    name = names.group_name(stack, "web")
    template = {"ImageId": "ami-12345678", "InstanceType": "t3.small"}
    made = boto3.client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=template)
    boto3.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=0,
        AvailabilityZones=[f"{REGION}a"],
        LaunchTemplate={"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
        Tags=[
            {"Key": key, "Value": value, "PropagateAtLaunch": False}
            for key, value in {**names.tags(stack, fleet="web"), names.STORE_TAG: f"{stack}-store", **tags}.items()
        ],
    )
    return name


@pytest.fixture
def stack(aws: str) -> str:
    return f"dr-{uuid.uuid4().hex[:8]}"


def test_a_group_gets_its_bounds_and_tells_its_posture(stack: str):
    """Its desired capacity is never written: it follows from the bounds."""
    name = make(stack)
    groups = Groups(REGION)
    groups.tell_posture(name, "active")
    groups.resize(name, Size(min=0, max=9))
    (shown,) = boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    assert (shown["MinSize"], shown["MaxSize"], shown["DesiredCapacity"]) == (0, 9, 0)
    assert {tag["Key"]: tag["Value"] for tag in shown["Tags"]}[names.POSTURE_TAG] == "active"
    assert groups.url([]) is None


def test_activating_is_refused_before_anything_changes(stack: str, capsys: pytest.CaptureFixture[str]):
    """Without the sizes of the settings, without a release, without a fleet: one line that says what to do."""
    command = ["activate", "--stack", stack]
    assert main(command) == 1
    assert f"has no fleet of stack {stack}" in capsys.readouterr().err
    name = make(stack, **{names.POSTURE_TAG: "pilot-light"})
    assert main(command) == 1
    assert f"the tag {names.SIZE_TAG} of the group {name}" in capsys.readouterr().err
    tag = {"ResourceId": name, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    boto3.client("autoscaling").create_or_update_tags(Tags=[{**tag, "Key": names.SIZE_TAG, "Value": "3-9"}])
    assert main(command) == 1
    assert "names no release" in capsys.readouterr().err
    (shown,) = boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    assert shown["MaxSize"] == 0


def test_scheduled_work_begins_where_a_stack_is_brought_up(stack: str):
    """Its groups' scheduled actions are resumed; a fleet's stay as they are."""
    autoscaling = boto3.client("autoscaling")
    name = make(stack, **{names.JOB_TAG: "nightly"})
    autoscaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["ScheduledActions"])
    groups = Groups(REGION)
    assert groups.let_work_begin(stack) == [name]
    assert groups.let_work_begin(stack) == []
    (shown,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    assert not shown["SuspendedProcesses"]
