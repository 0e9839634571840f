"""Instances that are rebooted, stopped and started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.control import faults
from sandbox.control.session import Child, State
from sandbox.errors import SandboxError
from sandbox.service.keys import Keys
from tests.aws.emulator import Emulator
from tests.aws.fleet import Fleet
from tests.waiting import until

pytestmark = pytest.mark.sandbox
ENDS = [("stop", "stopping", "stopped"), ("terminate", "shutting-down", "terminated")]


@pytest.fixture
def fleet(aws: Emulator) -> Iterator[Fleet]:
    made = Fleet(aws, zones=1)
    yield made
    if made.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[made.name])["AutoScalingGroups"]:
        made.delete()


def machine(aws: Emulator, instance: str) -> dict[str, Any]:
    return next(one for one in aws.get("instances")["instances"] if one["id"] == instance)


def test_a_reboot_is_a_boot_more_and_no_failure(aws: Emulator, fleet: Fleet):
    """EC2 calls the instance running all the while, so that its group keeps it."""
    fleet.create(size=1)
    instance = until(lambda: fleet.instances)[0]["InstanceId"]
    aws.post(f"instances/{instance}", {"port": 41000})
    until(lambda: fleet.in_service(1))
    assert machine(aws, instance)["boots"] == 1
    version = aws.get("instances")["version"]
    fleet.ec2.reboot_instances(InstanceIds=[instance])
    assert aws.get(f"instances?after={version}&wait=10")["version"] > version
    assert (machine(aws, instance)["boots"], machine(aws, instance)["state"]) == (2, "running")
    aws.post(f"instances/{instance}", {"port": 41000})
    assert [one["InstanceId"] for one in fleet.instances] == [instance]
    assert fleet.in_service(1)


def test_the_fault_signs_with_the_keys_of_the_session(aws: Emulator, fleet: Fleet, monkeypatch: pytest.MonkeyPatch):
    """Whatever profile and proxy the user's shell names."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    here = Child(pid=1, started=0, port=aws.port)
    own = Keys(access="test", secret="test")
    state = State(session="s", supervisor=here, ports={"aws": aws.port}, keys=own, children={"aws": here})
    fleet.create(size=1)
    instance = until(lambda: fleet.instances)[0]["InstanceId"]
    aws.post(f"instances/{instance}", {"port": 41000})
    assert faults.reboot(state, instance) == instance
    assert machine(aws, instance)["boots"] == 2
    with pytest.raises(SandboxError, match="no instance i-0 runs"):
        faults.reboot(state, "i-0")


def test_a_stop_waits_for_the_machine_and_a_start_boots_it(aws: Emulator, fleet: Fleet):
    """stopping, stopped, pending, running; what can't be done in a state is refused as EC2 does."""
    reservation = fleet.ec2.run_instances(ImageId=fleet.image, MinCount=1, MaxCount=1, SubnetId=fleet.subnets[0])
    instance = reservation["Instances"][0]["InstanceId"]

    def state() -> tuple[str, int]:
        shown = fleet.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return shown["State"]["Name"], machine(aws, instance)["boots"]

    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        fleet.ec2.stop_instances(InstanceIds=[instance])
    aws.post(f"instances/{instance}", {"port": 41000})
    [changed] = fleet.ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"]
    assert (changed["PreviousState"]["Name"], changed["CurrentState"]["Name"]) == ("running", "stopping")
    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        fleet.ec2.start_instances(InstanceIds=[instance])
    aws.post(f"instances/{instance}", {"state": "stopped"})
    assert state() == ("stopped", 1)
    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        fleet.ec2.reboot_instances(InstanceIds=[instance])
    [changed] = fleet.ec2.start_instances(InstanceIds=[instance])["StartingInstances"]
    assert (changed["PreviousState"]["Name"], changed["CurrentState"]["Name"]) == ("stopped", "pending")
    aws.post(f"instances/{instance}", {"port": 41000})
    assert state() == ("running", 2)
    fleet.ec2.stop_instances(InstanceIds=[instance])
    fleet.ec2.terminate_instances(InstanceIds=[instance])
    assert state()[0] == "shutting-down"
    aws.post(f"instances/{instance}", {"state": "terminated"})


def test_a_stopped_instance_is_replaced_by_its_group(aws: Emulator, fleet: Fleet):
    """EC2's health check: it is not running."""
    fleet.create(size=1)
    instance = until(lambda: fleet.instances)[0]["InstanceId"]
    aws.post(f"instances/{instance}", {"port": 41000})
    until(lambda: fleet.in_service(1))
    fleet.ec2.stop_instances(InstanceIds=[instance])
    aws.post(f"instances/{instance}", {"state": "stopped"})
    until(lambda: machine(aws, instance)["state"] == "shutting-down")
    aws.post(f"instances/{instance}", {"state": "terminated"})
    until(lambda: fleet.instances and instance not in [one["InstanceId"] for one in fleet.instances])


@pytest.mark.parametrize(("behaviour", "between", "end"), [(None, "stopping", "stopped"), *ENDS])
def test_an_instance_that_shuts_itself_down(aws: Emulator, fleet: Fleet, behaviour: str | None, between: str, end: str):
    """It stops, or terminates if it was launched to; EC2 says that it was the instance itself."""
    more: dict[str, Any] = {"InstanceInitiatedShutdownBehavior": behaviour} if behaviour else {}
    made = fleet.ec2.run_instances(ImageId=fleet.image, MinCount=1, MaxCount=1, SubnetId=fleet.subnets[0], **more)
    instance = made["Instances"][0]["InstanceId"]
    aws.post(f"instances/{instance}", {"port": 41000})
    aws.post(f"instances/{instance}", {"state": "shutdown"})
    assert machine(aws, instance)["state"] == between
    aws.post(f"instances/{instance}", {"state": end})
    shown = fleet.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    assert (shown["State"]["Name"], shown["StateReason"]["Code"]) == (end, "Client.InstanceInitiatedShutdown")
    if end == "stopped":
        fleet.ec2.terminate_instances(InstanceIds=[instance])
        aws.post(f"instances/{instance}", {"state": "terminated"})


def test_a_launch_that_is_asked_for_twice_is_one(aws: Emulator, fleet: Fleet):
    """By its client token, also when it is over; with other arguments it is refused."""
    wanted: dict[str, Any] = {"ImageId": fleet.image, "MinCount": 1, "MaxCount": 1, "SubnetId": fleet.subnets[0]}
    token = f"one-{fleet.name}"
    one = fleet.ec2.run_instances(**wanted, ClientToken=token)["Instances"][0]["InstanceId"]
    assert fleet.ec2.run_instances(**wanted, ClientToken=token)["Instances"][0]["InstanceId"] == one
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        fleet.ec2.run_instances(**wanted, ClientToken=token, EbsOptimized=True)
    fleet.ec2.terminate_instances(InstanceIds=[one])
    aws.post(f"instances/{one}", {"state": "terminated"})
    assert fleet.ec2.run_instances(**wanted, ClientToken=token)["Instances"][0]["InstanceId"] == one
    assert machine(aws, one)["state"] == "terminated"
