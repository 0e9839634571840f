"""Instances of a group: where they go, how they start, how they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.aws.conftest import Aws
from tests.aws.emulator import Players
from tests.aws.fleet import Fleet
from tests.aws.operator import Operator
from tests.waiting import until

pytestmark = pytest.mark.sandbox


@pytest.fixture
def fleet(aws: Aws) -> Iterator[Fleet]:
    made = Fleet(aws)
    yield made
    if made.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[made.name])["AutoScalingGroups"]:
        made.delete()


def test_instances_spread_evenly_over_the_zones(fleet: Fleet, players: Players | Operator):
    """Six instances in three zones are two in each, and scaling in keeps it even."""
    fleet.create(size=6)
    until(lambda: fleet.in_service(6))
    assert sorted(Counter(i["AvailabilityZone"] for i in fleet.instances).values()) == [2, 2, 2]
    fleet.scaling.set_desired_capacity(AutoScalingGroupName=fleet.name, DesiredCapacity=3)
    until(lambda: fleet.in_service(3))
    assert sorted(Counter(i["AvailabilityZone"] for i in fleet.instances).values()) == [1, 1, 1]


def test_instances_carry_what_the_template_says(fleet: Fleet, players: Players | Operator):
    """Metadata options, tags, image and user data of the template are on the instance, with its concrete version."""
    fleet.create(size=1)
    until(lambda: fleet.in_service(1))
    instance = fleet.ec2.describe_instances(InstanceIds=[fleet.instances[0]["InstanceId"]])
    instance = instance["Reservations"][0]["Instances"][0]
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["ImageId"] == fleet.image
    assert instance["SubnetId"] in fleet.subnets
    tags = {t["Key"]: t["Value"] for t in instance["Tags"]}
    assert tags["release"] == "one"
    assert tags["team"] == "shop"
    assert tags["aws:autoscaling:groupName"] == fleet.name
    assert tags["aws:ec2launchtemplate:version"] == "1"
    [shown] = fleet.scaling.describe_auto_scaling_instances(InstanceIds=[instance["InstanceId"]])[
        "AutoScalingInstances"
    ]
    assert shown["LaunchTemplate"]["Version"] == "1"
    assert shown["LaunchTemplate"]["LaunchTemplateId"] == fleet.template
    given = fleet.ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert given["UserData"]["Value"] == fleet.data("one")["UserData"]
    assert len(instance["BlockDeviceMappings"]) == 1


def test_hook_holds_an_instance_until_it_is_completed(fleet: Fleet, players: Players | Operator):
    """An instance waits in Pending:Wait, unregistered, and comes into service on CONTINUE."""
    fleet.create(size=1, hook="boot")
    until(lambda: fleet.instances and fleet.instances[0]["LifecycleState"] == "Pending:Wait")
    assert fleet.health() == {}
    instance = fleet.instances[0]["InstanceId"]
    fleet.scaling.record_lifecycle_action_heartbeat(
        LifecycleHookName="boot", AutoScalingGroupName=fleet.name, InstanceId=instance
    )
    fleet.scaling.complete_lifecycle_action(
        LifecycleHookName="boot",
        AutoScalingGroupName=fleet.name,
        InstanceId=instance,
        LifecycleActionResult="CONTINUE",
    )
    until(lambda: fleet.in_service(1))
    until(lambda: fleet.health() == {instance: "healthy"})
    assert fleet.activities[0]["StatusCode"] == "Successful"
    assert instance in fleet.activities[0]["Description"]


def test_abandoned_instance_is_replaced(fleet: Fleet, players: Players | Operator):
    """ABANDON terminates the instance, the activity says so, and another one is launched."""
    answers = iter(["ABANDON"])
    players.boot = lambda _: next(answers, "CONTINUE")
    players.hooks[fleet.name] = "boot"
    fleet.create(size=1, hook="boot")
    until(lambda: fleet.in_service(1))
    failed = [a for a in fleet.activities if a["StatusCode"] == "Cancelled"]
    assert len(failed) == 1
    assert "ABANDON" in failed[0]["StatusMessage"]
    assert fleet.instances[0]["InstanceId"] not in failed[0]["Description"]


def test_unhealthy_target_is_replaced(fleet: Fleet, players: Players | Operator):
    """What the balancer finds unhealthy is terminated and replaced, as the group's health check type says."""
    fleet.create(size=2)
    until(lambda: fleet.in_service(2) and set(fleet.health().values()) == {"healthy"})
    ill = fleet.instances[0]["InstanceId"]
    players.healthy = lambda id_: id_ != ill
    until(lambda: fleet.in_service(2) and ill not in fleet.health())
    causes = [a["Cause"] for a in fleet.activities if ill in a["Description"]]
    assert any("ELB system health check failure" in cause for cause in causes)


def test_an_instance_calls_itself_unhealthy_and_is_held_by_its_hook(fleet: Fleet, players: Players | Operator):
    """SetInstanceHealth has it replaced; a termination hook keeps it in Terminating:Wait until that is completed."""
    fleet.create(size=1, TargetGroupARNs=[], HealthCheckType="EC2", HealthCheckGracePeriod=600)
    fleet.scaling.put_lifecycle_hook(
        AutoScalingGroupName=fleet.name,
        LifecycleHookName="drain",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        HeartbeatTimeout=600,
        DefaultResult="CONTINUE",
    )
    until(lambda: fleet.in_service(1))
    sick = fleet.instances[0]["InstanceId"]
    fleet.scaling.set_instance_health(InstanceId=sick, HealthStatus="Unhealthy")
    assert fleet.in_service(1)  # the group's grace period is respected unless it is said otherwise
    fleet.scaling.set_instance_health(InstanceId=sick, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)

    def states() -> dict[str, str]:
        return {each["InstanceId"]: each["LifecycleState"] for each in fleet.instances}

    until(lambda: states().get(sick) == "Terminating:Wait" and "InService" in states().values())
    assert any("user health-check" in activity["Cause"] for activity in fleet.activities)
    fleet.scaling.complete_lifecycle_action(
        LifecycleHookName="drain",
        AutoScalingGroupName=fleet.name,
        InstanceId=sick,
        LifecycleActionResult="CONTINUE",
    )
    until(lambda: fleet.in_service(1) and sick not in states())


@pytest.mark.emulator("no call makes a machine die")
def test_dead_machine_is_replaced(fleet: Fleet, players: Players):
    """A machine that dies by itself is a terminated instance, and the group launches another."""
    fleet.create(size=1)
    until(lambda: fleet.in_service(1))
    dead = fleet.instances[0]["InstanceId"]
    players.aws.post(f"instances/{dead}", {"state": "failed", "reason": "power cut"})
    until(lambda: fleet.in_service(1) and dead not in [instance["InstanceId"] for instance in fleet.instances])
    described = fleet.ec2.describe_instances(InstanceIds=[dead])["Reservations"][0]["Instances"][0]
    assert described["State"]["Name"] == "terminated"
    assert "power cut" in described["StateReason"]["Message"]
