"""Instance refreshes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.conftest import Aws
from tests.aws.emulator import Players
from tests.aws.fleet import Fleet
from tests.aws.operator import Operator
from tests.aws.playing import playing, running
from tests.waiting import until

pytestmark = pytest.mark.sandbox
HOUR = pytest.mark.emulator("AWS gives up a refresh after an hour without progress")


def serving(emulator: Aws) -> Fleet:
    """A fleet of three healthy instances."""
    made = Fleet(emulator)
    made.create(size=3, HealthCheckGracePeriod=300)
    until(lambda: made.in_service(3) and list(made.health().values()) == ["healthy"] * 3)
    return made


@pytest.fixture
def fleet(aws: Aws, players: Players | Operator) -> Iterator[Fleet]:
    made = serving(aws)
    yield made
    made.delete()


@pytest.fixture
def hurried() -> Iterator[tuple[Fleet, Players]]:
    """A fleet, and its players, of an AWS that gives up a refresh after a second without progress, not an hour."""
    with running("--refresh-timeout", "1") as emulator, playing(emulator) as players:
        yield serving(emulator), players


def test_refresh_replaces_every_instance_and_saves_the_configuration(fleet: Fleet, players: Players | Operator):
    """At the end all instances have the new version, and so has the group: not before."""
    old = {i["InstanceId"] for i in fleet.instances}
    players.healthy = lambda id_: id_ in old
    id_ = fleet.refresh(fleet.version("two"))
    assert fleet.group["LaunchTemplate"]["Version"] == "1"
    players.healthy = lambda _: True
    until(lambda: fleet.latest["Status"] == "Successful")
    assert fleet.latest["InstanceRefreshId"] == id_
    assert fleet.latest["PercentageComplete"] == 100
    assert fleet.latest["InstancesToUpdate"] == 0
    assert fleet.in_service(3, "2")
    assert not old & {i["InstanceId"] for i in fleet.instances}
    assert fleet.group["LaunchTemplate"]["Version"] == "2"
    launched = [a for a in fleet.activities if a["Description"].startswith("Launching")]
    assert len(launched) == 6


def test_old_instances_stay_until_new_ones_are_healthy(fleet: Fleet, players: Players | Operator):
    """With a minimum of 100 % and a maximum of 200 % the old ones serve while the new ones are not healthy."""
    old = {i["InstanceId"] for i in fleet.instances}
    players.healthy = lambda id_: id_ in old
    fleet.refresh(fleet.version("two"))
    until(lambda: len(fleet.instances) == 6)
    until(lambda: "health checks" in fleet.latest.get("StatusReason", ""))
    serving = {i["InstanceId"] for i in fleet.instances if i["LifecycleState"] == "InService"}
    assert old <= serving
    assert fleet.latest["PercentageComplete"] == 0
    players.healthy = lambda _: True
    until(lambda: fleet.latest["Status"] == "Successful")


@HOUR
def test_broken_release_rolls_back_by_itself(hurried: tuple[Fleet, Players]):
    """Launches that fail until the time is up are rolled back; the old instances and the old template stay."""
    fleet, players = hurried
    old = {i["InstanceId"] for i in fleet.instances}
    players.hooks[fleet.name] = "boot"
    players.boot = lambda machine: "ABANDON" if machine["tags"]["release"] == "bad" else "CONTINUE"
    fleet.scaling.put_lifecycle_hook(
        LifecycleHookName="boot",
        AutoScalingGroupName=fleet.name,
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        HeartbeatTimeout=60,
    )
    fleet.refresh(fleet.version("bad"), AutoRollback=True)
    until(lambda: fleet.latest["Status"] == "RollbackSuccessful")
    assert {i["InstanceId"] for i in fleet.instances} == old
    assert fleet.group["LaunchTemplate"]["Version"] == "1"
    details = fleet.latest["RollbackDetails"]
    assert details["PercentageCompleteOnRollback"] == 0
    assert details["InstancesToUpdateOnRollback"] == 3
    assert "Automatically" in details["RollbackReason"]


@HOUR
def test_without_auto_rollback_it_fails(hurried: tuple[Fleet, Players]):
    """The same without AutoRollback is Failed, and the group keeps its configuration."""
    fleet, players = hurried
    players.healthy = lambda _: False
    fleet.refresh(fleet.version("ill"))
    until(lambda: fleet.latest["Status"] == "Failed")
    assert fleet.latest["EndTime"]
    assert fleet.group["LaunchTemplate"]["Version"] == "1"


def test_manual_rollback_restores_what_was_replaced(fleet: Fleet, players: Players | Operator):
    """RollbackInstanceRefresh replaces what the refresh had brought, and the percentage goes back to zero."""
    fleet.refresh(fleet.version("two"), BakeTime=60)
    until(lambda: fleet.latest["Status"] == "Baking")
    fleet.scaling.rollback_instance_refresh(AutoScalingGroupName=fleet.name)
    assert fleet.latest["Status"].startswith("Rollback")
    until(lambda: fleet.latest["Status"] == "RollbackSuccessful")
    assert fleet.in_service(3, "1")
    assert fleet.latest["PercentageComplete"] == 0
    assert fleet.latest["RollbackDetails"]["PercentageCompleteOnRollback"] == 100


def test_alarm_ends_a_refresh_while_it_bakes(fleet: Fleet):
    """An alarm that fires during the bake time rolls the refresh back."""
    watch = fleet.aws.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName=fleet.name,
        Namespace="a",
        MetricName="b",
        Period=60,
        Statistic="Sum",
        Threshold=1,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    until(lambda: watch.describe_alarms(AlarmNames=[fleet.name])["MetricAlarms"][0]["StateValue"] == "OK")
    fleet.refresh(
        fleet.version("two"),
        BakeTime=60,
        AutoRollback=True,
        AlarmSpecification={"Alarms": [fleet.name]},
    )
    until(lambda: fleet.latest["Status"] == "Baking")
    watch.set_alarm_state(AlarmName=fleet.name, StateValue="ALARM", StateReason="errors")
    until(lambda: fleet.latest["Status"] == "RollbackSuccessful")
    assert fleet.in_service(3, "1")
    assert fleet.name in fleet.latest["RollbackDetails"]["RollbackReason"]
    for name in (fleet.name, "nowhere"):
        with pytest.raises(ClientError, match="must be in the OK state"):
            fleet.refresh(fleet.version("three"), AlarmSpecification={"Alarms": [name]})


def test_the_template_cannot_be_changed_under_a_refresh(fleet: Fleet):
    """What a refresh with a desired configuration brings is not available for update until it has ended."""
    fleet.refresh(fleet.version("two"), BakeTime=600)
    with pytest.raises(ClientError, match="An active instance refresh with a desired configuration exists"):
        fleet.scaling.update_auto_scaling_group(AutoScalingGroupName=fleet.name, LaunchTemplate=fleet.source("1"))
    fleet.scaling.update_auto_scaling_group(AutoScalingGroupName=fleet.name, MaxSize=8)
    fleet.scaling.cancel_instance_refresh(AutoScalingGroupName=fleet.name)
    until(lambda: fleet.latest["Status"] == "Cancelled")
    fleet.scaling.update_auto_scaling_group(AutoScalingGroupName=fleet.name, LaunchTemplate=fleet.source("2"))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"HeartbeatTimeout": 29}, "HeartbeatTimeout"),
        ({"LifecycleTransition": "launching"}, "LifecycleTransition"),
        ({"DefaultResult": "STOP"}, "DefaultResult"),
    ],
)
def test_a_hook_that_the_api_does_not_take(fleet: Fleet, change: dict[str, Any], word: str):
    """PutLifecycleHook refuses it by the name of the parameter."""
    given = {"LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "HeartbeatTimeout": 60, **change}
    with pytest.raises(ClientError, match=word):
        fleet.scaling.put_lifecycle_hook(AutoScalingGroupName=fleet.name, LifecycleHookName="boot", **given)


def test_cancel_leaves_what_it_did(fleet: Fleet, players: Players | Operator):
    """CancelInstanceRefresh ends it without going back; the group keeps its configuration."""
    fleet.refresh(fleet.version("two"), MinHealthyPercentage=66, MaxHealthyPercentage=100, InstanceWarmup=3600)
    until(lambda: any(i["LaunchTemplate"]["Version"] == "2" for i in fleet.instances))
    fleet.scaling.cancel_instance_refresh(AutoScalingGroupName=fleet.name)
    until(lambda: fleet.latest["Status"] == "Cancelled")
    assert fleet.group["LaunchTemplate"]["Version"] == "1"
    assert {i["LaunchTemplate"]["Version"] for i in fleet.instances} == {"1", "2"}


def test_one_at_a_time_below_capacity(fleet: Fleet):
    """With a minimum of 66 % and a maximum of 100 % the group never has more than three active instances."""
    fleet.refresh(fleet.version("two"), MinHealthyPercentage=66, MaxHealthyPercentage=100)
    most = 0
    while fleet.latest["Status"] in ("Pending", "InProgress"):
        time.sleep(fleet.aws.interval)
        states = [i["LifecycleState"] for i in fleet.instances]
        most = max(most, sum(1 for s in states if s == "InService" or s.startswith("Pending")))
    assert fleet.latest["Status"] == "Successful"
    assert most == 3
    assert fleet.in_service(3, "2")


def test_skip_matching_replaces_only_what_differs(fleet: Fleet):
    """An instance that already has the desired version stays; where all have it the refresh is done at once."""
    before = {i["InstanceId"] for i in fleet.instances}
    fleet.refresh("1", SkipMatching=True)
    until(lambda: fleet.latest["Status"] == "Successful")
    assert {i["InstanceId"] for i in fleet.instances} == before


def test_checkpoint_pauses(fleet: Fleet):
    """After the first checkpoint's percentage it waits; the last is where it ends. While pending there is none."""
    fleet.refresh(fleet.version("two"), CheckpointPercentages=[34, 100], CheckpointDelay=fleet.aws.seconds(4))
    until(lambda: fleet.latest.get("PercentageComplete") == 66)
    until(lambda: fleet.latest["Status"] == "Successful")
    assert fleet.in_service(3, "2")


def test_one_by_one_it_stays_spread_over_the_zones(fleet: Fleet):
    """Each new instance goes where the others that stay are not, and not to where there is room for now."""
    fleet.refresh(fleet.version("two"), MinHealthyPercentage=100, MaxHealthyPercentage=134)
    until(lambda: fleet.latest["Status"] == "Successful")
    until(lambda: fleet.in_service(3, "2"))
    assert len({i["AvailabilityZone"] for i in fleet.instances}) == 3


def test_scale_out_during_a_refresh_uses_the_desired_configuration(fleet: Fleet):
    """Instances that scaling adds meanwhile have the new version."""
    fleet.refresh(fleet.version("two"), BakeTime=1)
    fleet.scaling.set_desired_capacity(AutoScalingGroupName=fleet.name, DesiredCapacity=4)
    until(lambda: fleet.latest["Status"] == "Successful")
    until(lambda: fleet.in_service(4, "2"))


def test_protected_instances_are_left_when_told_so(fleet: Fleet):
    """ScaleInProtectedInstances: Ignore leaves a protected instance, Refresh replaces it."""
    kept = fleet.instances[0]["InstanceId"]
    fleet.scaling.set_instance_protection(
        AutoScalingGroupName=fleet.name, InstanceIds=[kept], ProtectedFromScaleIn=True
    )
    version = fleet.version("two")
    fleet.refresh(version, ScaleInProtectedInstances="Ignore")
    until(lambda: fleet.latest["Status"] == "Successful")
    assert kept in {i["InstanceId"] for i in fleet.instances}
    fleet.refresh(version, ScaleInProtectedInstances="Refresh", SkipMatching=True)
    until(lambda: fleet.latest["Status"] == "Successful")
    assert fleet.in_service(3, "2")


def test_mixed_instances_policy(fleet: Fleet):
    """A desired mixed instances policy becomes the group's own."""
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": fleet.source(fleet.version("two")),
            "Overrides": [{"InstanceType": "t3.large"}, {"InstanceType": "t3a.large"}],
        }
    }
    fleet.scaling.start_instance_refresh(
        AutoScalingGroupName=fleet.name,
        DesiredConfiguration={"MixedInstancesPolicy": policy},
        Preferences={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200, "InstanceWarmup": 0},
    )
    until(lambda: fleet.latest["Status"] == "Successful")
    assert {i["InstanceType"] for i in fleet.instances} == {"t3.large"}
    saved = fleet.group["MixedInstancesPolicy"]["LaunchTemplate"]
    assert saved["LaunchTemplateSpecification"]["Version"] == "2"
    assert "LaunchTemplate" not in fleet.group


def test_one_refresh_at_a_time(fleet: Fleet):
    """A second refresh, and a rollback or cancellation without one, are refused with the API's own codes."""
    for operation in (fleet.scaling.cancel_instance_refresh, fleet.scaling.rollback_instance_refresh):
        with pytest.raises(ClientError, match="ActiveInstanceRefreshNotFound"):
            operation(AutoScalingGroupName=fleet.name)
    version = fleet.version("two")
    fleet.refresh(version, BakeTime=60)
    with pytest.raises(ClientError, match="InstanceRefreshInProgress"):
        fleet.refresh(version)


def test_what_cannot_be_rolled_back_is_refused(fleet: Fleet):
    """Without a desired configuration there is no rollback, neither manual nor automatic."""
    start = fleet.scaling.start_instance_refresh
    with pytest.raises(ClientError, match=r"ValidationError.*AutoRollback"):
        start(AutoScalingGroupName=fleet.name, Preferences={"AutoRollback": True})
    with pytest.raises(ClientError, match=r"ValidationError.*AutoRollback"):
        fleet.refresh("$Latest", AutoRollback=True)
    start(AutoScalingGroupName=fleet.name, Preferences={"BakeTime": 60})
    with pytest.raises(ClientError, match="IrreversibleInstanceRefresh"):
        fleet.scaling.rollback_instance_refresh(AutoScalingGroupName=fleet.name)


@pytest.mark.parametrize(
    "preferences",
    [
        {"MinHealthyPercentage": None},
        {"MinHealthyPercentage": 90},
        {"CheckpointDelay": 5},
        {"CheckpointPercentages": [50, 20]},
        {"CheckpointPercentages": [20, 20, 100]},
        {"AlarmSpecification": {"Alarms": [str(n) for n in range(11)]}},
    ],
)
def test_contradictory_preferences_are_refused(aws: Aws, preferences: dict[str, Any]):
    """What the API's documentation rules out is a ValidationError, and nothing starts."""
    fleet = Fleet(aws)
    fleet.create(size=0)
    with pytest.raises(ClientError, match="ValidationError"):
        fleet.refresh("1", **preferences)
    assert not fleet.scaling.describe_instance_refreshes(AutoScalingGroupName=fleet.name)["InstanceRefreshes"]
    fleet.delete()
