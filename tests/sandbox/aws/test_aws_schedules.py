"""Scheduled actions of a group: what is refused, and what happens when their time comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError

from tests.aws.emulator import Emulator, Players
from tests.aws.fleet import Fleet
from tests.waiting import until

pytestmark = pytest.mark.sandbox


@pytest.fixture
def fleet(aws: Emulator) -> Iterator[Fleet]:
    made = Fleet(aws)
    yield made
    aws.post("calendar", {})
    made.delete()


def just_before(hour: int, days: int = 1) -> str:
    """A moment before that hour of a coming day, UTC: what is due then is due within a second."""
    day = datetime.now(timezone.utc) + timedelta(days=days)
    at = day.replace(hour=hour, minute=0, second=0, microsecond=0) - timedelta(seconds=0.3)
    return at.isoformat()


def test_a_scheduled_action_sets_the_sizes_when_it_is_due(fleet: Fleet, aws: Emulator, players: Players):
    """Not before; in its time zone; and a second one brings the group down again."""
    fleet.create(size=1)
    aws.post("calendar", {"now": just_before(4)})
    for name, cron, size in (("up", "0 6 * * *", 2), ("down", "0 22 * * *", 0)):
        fleet.scaling.put_scheduled_update_group_action(
            AutoScalingGroupName=fleet.name,
            ScheduledActionName=name,
            Recurrence=cron,
            TimeZone="Etc/GMT-1",  # POSIX's sign: an hour ahead of UTC
            MinSize=size,
            DesiredCapacity=size,
        )
    shown = fleet.scaling.describe_scheduled_actions(AutoScalingGroupName=fleet.name)["ScheduledUpdateGroupActions"]
    assert {it["ScheduledActionName"]: it["StartTime"].hour for it in shown} == {"up": 5, "down": 21}
    until(lambda: fleet.in_service(1))
    assert fleet.group["DesiredCapacity"] == 1
    aws.post("calendar", {"now": just_before(5)})
    until(lambda: fleet.in_service(2))
    assert fleet.group["MinSize"] == 2
    aws.post("calendar", {"now": just_before(21)})
    until(lambda: not fleet.instances)


def test_what_is_due_while_scheduled_actions_are_suspended_is_not_done_later(fleet: Fleet, aws: Emulator):
    """Resumed, the group waits for the next time."""
    fleet.create(size=0)
    aws.post("calendar", {"now": just_before(5)})
    fleet.scaling.suspend_processes(AutoScalingGroupName=fleet.name, ScalingProcesses=["ScheduledActions"])
    fleet.scaling.put_scheduled_update_group_action(
        AutoScalingGroupName=fleet.name, ScheduledActionName="up", Recurrence="0 6 * * *", MaxSize=7
    )
    aws.post("calendar", {"now": just_before(6)})

    def planned() -> int:
        shown = fleet.scaling.describe_scheduled_actions(AutoScalingGroupName=fleet.name)
        return int(shown["ScheduledUpdateGroupActions"][0]["StartTime"].day)

    wanted = (datetime.now(timezone.utc) + timedelta(days=2)).day
    until(lambda: planned() == wanted)
    fleet.scaling.resume_processes(AutoScalingGroupName=fleet.name, ScalingProcesses=["ScheduledActions"])
    assert fleet.group["MaxSize"] != 7
    aws.post("calendar", {"now": just_before(6, days=2)})
    until(lambda: fleet.group["MaxSize"] == 7)


@pytest.mark.parametrize(
    "given",
    [
        {"Recurrence": "0 6 * * ? *", "MinSize": 1},
        {"Recurrence": "0 6 ? * *", "MinSize": 1},
        {"Recurrence": "0 25 * * *", "MinSize": 1},
        {"Recurrence": "0 6 L * *", "MinSize": 1},
        {"Recurrence": "0 6 * * *"},
        {"Recurrence": "0 6 * * *", "MinSize": 1, "TimeZone": "Mars/Olympus"},
        {"StartTime": "2001-01-01T00:00:00Z", "MinSize": 1},
        {"MinSize": 1},
    ],
)
def test_what_aws_would_refuse_is_refused(fleet: Fleet, given: dict[str, object]):
    """Six fields, EventBridge's letters, no size, no such zone, the past, and no time at all."""
    fleet.create(size=0)
    with pytest.raises(ClientError, match="ValidationError"):
        fleet.scaling.put_scheduled_update_group_action(
            AutoScalingGroupName=fleet.name, ScheduledActionName="bad", **given
        )


def test_an_instance_that_is_protected_outlives_a_smaller_group_until_it_ends(fleet: Fleet, players: Players):
    """The capacity goes down, the instance stays; terminated then, it is not replaced."""
    fleet.create(size=0)
    with pytest.raises(ClientError, match="not part of"):
        fleet.scaling.set_instance_protection(
            AutoScalingGroupName=fleet.name, InstanceIds=["i-0123"], ProtectedFromScaleIn=True
        )
    fleet.scaling.set_desired_capacity(AutoScalingGroupName=fleet.name, DesiredCapacity=1)
    until(lambda: fleet.in_service(1))
    one = fleet.instances[0]["InstanceId"]
    fleet.scaling.set_instance_protection(AutoScalingGroupName=fleet.name, InstanceIds=[one], ProtectedFromScaleIn=True)
    fleet.scaling.set_desired_capacity(AutoScalingGroupName=fleet.name, DesiredCapacity=0)
    assert fleet.in_service(1)
    fleet.scaling.terminate_instance_in_auto_scaling_group(InstanceId=one, ShouldDecrementDesiredCapacity=False)
    until(lambda: not fleet.instances)
    assert fleet.group["DesiredCapacity"] == 0
