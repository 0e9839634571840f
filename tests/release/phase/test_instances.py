"""The instances of release phases, in the emulator's EC2, and in one that refuses what the emulator never does."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from release import names
from release.errors import RolloutError, StoreError
from release.phase import instances as module
from release.phase.decide import token
from release.phase.instances import Instances, NoRoomError
from release.phase.spec import PhaseSpec, Place, Running
from tests.release.conftest import REGION
from tests.release.phase.test_run import PLACE, SPEC

NO_ROOM = "InsufficientInstanceCapacity"
WIDE = replace(PLACE, subnets=("subnet-1", "subnet-2"), types=("t3.small", "t3a.small"))


@pytest.fixture
def spec() -> PhaseSpec:
    """A phase of a stack that nothing else in the emulator is of."""
    return replace(SPEC, stack=f"s{uuid.uuid4().hex[:8]}")


@pytest.fixture
def ec2(aws: str) -> Any:
    return boto3.client("ec2", REGION)


@pytest.fixture
def place(ec2: Any, spec: PhaseSpec) -> Place:
    """A launch template and a subnet that are there."""
    image = {"ImageId": "ami-0123456789abcdef0"}
    made = ec2.create_launch_template(LaunchTemplateName=spec.stack, LaunchTemplateData=image)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    template, tags = made["LaunchTemplate"]["LaunchTemplateId"], {names.STACK_TAG: spec.stack}
    return replace(PLACE, template=template, version="1", subnets=(subnet,), tags=tags)


def launched(spec: PhaseSpec, place: Place, attempt: int = 0) -> str:
    found = Instances(REGION).launch(spec, place, lambda subnet, kind: token(spec, attempt, subnet, kind))
    assert found
    return found


@contextmanager
def played(naps: list[float] | None = None) -> Generator[tuple[Instances, Stubber]]:
    """Instances whose EC2 answers what it is told to, in that order, and all of it."""
    instances = Instances(REGION, ([] if naps is None else naps).append)
    with Stubber(instances._ec2) as stub:
        yield instances, stub
        stub.assert_no_pending_responses()


def refused(stub: Stubber, code: str, subnet: str = "subnet-1", kind: str = "t3.small", message: str = "no") -> None:
    stub.add_client_error("run_instances", code, message, expected_params=asked(subnet, kind))


def asked(subnet: str = "subnet-1", kind: str = "t3.small") -> dict[str, Any]:
    """What a launch there asks for."""
    return {
        "ClientToken": f"{subnet} {kind}",
        "MinCount": 1,
        "MaxCount": 1,
        "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "3"},
        "InstanceType": kind,
        "SubnetId": subnet,
        "UserData": ANY,
        "InstanceInitiatedShutdownBehavior": "terminate",
        "TagSpecifications": ANY,
    }


def spaced(subnet: str, kind: str) -> str:
    return f"{subnet} {kind}"


def described(*states: str) -> dict[str, Any]:
    return {"Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": state}}]} for state in states]}


# In the emulator


@pytest.mark.sandbox
def test_two_deployers_who_launch_the_same_attempt_have_one_instance(spec: PhaseSpec, place: Place):
    """The client token makes it one; the next attempt has an instance of its own."""
    first = launched(spec, place)
    assert launched(spec, place) == first
    assert launched(spec, place, attempt=1) != first


@pytest.mark.sandbox
def test_a_deployer_who_launches_it_differently_gets_none(spec: PhaseSpec, place: Place):
    """The same token with other user data: the other deployer's instance runs the phase, and this is no error."""
    first = launched(spec, place)
    other = replace(place, user_data="other")
    assert Instances(REGION).launch(spec, other, lambda subnet, kind: token(spec, 0, subnet, kind)) is None
    assert [each.instance for each in Instances(REGION).running(spec.stack)] == [first]


@pytest.mark.sandbox
def test_an_instance_ends_itself_for_good_and_says_whose_it_is(ec2: Any, spec: PhaseSpec, place: Place):
    """A shutdown terminates it; it and its volume have the tags of the stack, the release and the phase."""
    instance = launched(spec, place)
    behaviour = ec2.describe_instance_attribute(InstanceId=instance, Attribute="instanceInitiatedShutdownBehavior")
    assert behaviour["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate"
    shown = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    volume = shown["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    for tags in (shown["Tags"], ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Tags"]):
        has = {tag["Key"]: tag["Value"] for tag in tags}
        assert place.own_tags(spec).items() <= has.items()


@pytest.mark.sandbox
def test_what_is_under_way_is_of_the_stack_and_has_not_ended(ec2: Any, spec: PhaseSpec, place: Place):
    """Neither another stack's phase, nor an instance of a fleet, nor a phase that was terminated."""
    instances = Instances(REGION, sleep=lambda _: None)
    ended, goes_on = launched(spec, place), launched(spec, place, attempt=1)
    other = replace(place, tags={names.STACK_TAG: f"{spec.stack}-2"})
    launched(replace(spec, stack=f"{spec.stack}-2"), other)
    served = launched(spec, place, attempt=2)
    ec2.delete_tags(Resources=[served], Tags=[{"Key": names.PHASE_TAG}])
    instances.end(ended)
    (found,) = instances.running(spec.stack)
    assert (found.instance, found.sha, found.digest) == (goes_on, spec.sha, spec.digest)
    assert datetime.strptime(found.launched, "%Y-%m-%d %H:%M UTC")


@pytest.mark.sandbox
def test_an_instance_goes_on_until_it_is_ended_and_may_be_ended_twice(spec: PhaseSpec, place: Place):
    """Pending goes on, terminated does not; to end what has ended is no error."""
    instances = Instances(REGION, sleep=lambda _: None)
    instance = launched(spec, place)
    assert instances.goes_on(instance) is True
    instances.end(instance)
    assert instances.goes_on(instance) is False
    instances.end(instance)


@pytest.mark.sandbox
def test_an_instance_that_ec2_does_not_know(aws: str):
    """It neither goes on nor has ended, and it counts as ended where it is to be."""
    instances = Instances(REGION, sleep=lambda _: None)
    assert instances.goes_on("i-0123456789abcdef0") is None
    instances.end("i-0123456789abcdef0")


# In an EC2 that is played


@pytest.mark.parametrize(
    ("state", "goes_on"),
    [("pending", True), ("running", True), ("shutting-down", False), ("terminated", False), ("stopping", False),
     ("stopped", False)],
)  # fmt: skip
def test_what_each_state_says(state: str, goes_on: bool):
    """Only what is pending or running can still end by itself."""
    with played() as (instances, stub):
        stub.add_response("describe_instances", described(state), {"InstanceIds": ["i-1"]})
        assert instances.goes_on("i-1") is goes_on


def test_an_answer_without_the_instance_says_nothing():
    """EC2 may answer with an empty list instead of an error, just after a launch."""
    with played() as (instances, stub):
        stub.add_response("describe_instances", described())
        assert instances.goes_on("i-1") is None


def test_a_state_that_may_not_be_asked_is_an_error():
    """It is left to the caller, who asks again."""
    with played() as (instances, stub):
        stub.add_client_error("describe_instances", "UnauthorizedOperation")
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            instances.goes_on("i-1")


def test_where_there_is_no_room_the_next_zone_and_then_the_next_type_is_tried():
    """Each has a token of its own; the first one with room has the instance."""
    with played() as (instances, stub):
        refused(stub, NO_ROOM)
        refused(stub, "InsufficientFreeAddressesInSubnet", "subnet-2")
        refused(stub, "Unsupported", kind="t3a.small")
        stub.add_response("run_instances", {"Instances": [{"InstanceId": "i-7"}]}, asked("subnet-2", "t3a.small"))
        assert instances.launch(SPEC, WIDE, spaced) == "i-7"


def test_no_room_anywhere_says_what_ec2_said_and_what_to_do():
    """It names the fleet, its types, the last refusal and the setting; nothing was replaced."""
    with played() as (instances, stub):
        for kind in WIDE.types:
            for subnet in WIDE.subnets:
                refused(stub, "VcpuLimitExceeded", subnet, kind, f"no vCPU for {kind} in {subnet}")
        with pytest.raises(NoRoomError) as caught:
            instances.launch(SPEC, WIDE, spaced)
    said = str(caught.value)
    for part in ("fleet web (t3.small, t3a.small)", "nothing was replaced", "no vCPU for t3a.small in subnet-2"):
        assert part in said
    assert "fleets.web.instanceTypes" in said


def test_a_launch_that_is_denied_is_not_tried_elsewhere():
    """The error names the fleet and the action that the role lacks."""
    with played() as (instances, stub):
        refused(stub, "UnauthorizedOperation")
        with pytest.raises(RolloutError, match=r"^fleet web: could not launch .*must allow RunInstances$"):
            instances.launch(SPEC, WIDE, spaced)


PROFILE = "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"


def test_a_profile_that_is_not_known_yet_is_waited_for():
    """The same launch is asked for again, with the same token, after a pause."""
    naps = list[float]()
    with played(naps) as (instances, stub):
        refused(stub, "InvalidParameterValue", message=PROFILE)
        refused(stub, "InvalidParameterValue", message=PROFILE)
        stub.add_response("run_instances", {"Instances": [{"InstanceId": "i-1"}]}, asked())
        assert instances.launch(SPEC, PLACE, spaced) == "i-1"
    assert naps == [module._PAUSE] * 2


def test_a_profile_that_is_never_known_is_an_error():
    """After ten times, what EC2 says of it is said."""
    naps = list[float]()
    with played(naps) as (instances, stub):
        for _ in range(module._TRIES):
            refused(stub, "InvalidParameterValue", message=PROFILE)
        with pytest.raises(RolloutError, match="Invalid IAM Instance Profile name"):
            instances.launch(SPEC, PLACE, spaced)
    assert len(naps) == module._TRIES - 1


def test_phases_under_way_are_shown_oldest_first_from_all_pages():
    """A tag that is missing is empty, and the time is as people read it."""
    at = [datetime(2026, 11, 30, hour, 5, tzinfo=timezone.utc) for hour in (9, 8)]
    tags = [{"Key": names.RELEASE_TAG, "Value": "abc"}, {"Key": names.PHASE_TAG, "Value": "def"}]
    new, old = {"InstanceId": "i-1", "LaunchTime": at[0], "Tags": tags}, {"InstanceId": "i-2", "LaunchTime": at[1]}
    with played() as (instances, stub):
        stub.add_response("describe_instances", {"Reservations": [{"Instances": [new]}], "NextToken": "more"})
        stub.add_response(
            "describe_instances", {"Reservations": [{"Instances": [old]}]}, {"Filters": ANY, "NextToken": "more"}
        )
        assert instances.running("prod") == [
            Running("i-2", "", "", "2026-11-30 08:05 UTC"),
            Running("i-1", "abc", "def", "2026-11-30 09:05 UTC"),
        ]


def test_a_look_for_phases_that_is_denied():
    """The error names the stack and the action that the role lacks."""
    with played() as (instances, stub):
        stub.add_client_error("describe_instances", "UnauthorizedOperation")
        with pytest.raises(StoreError, match=r"^stack prod: .*must allow DescribeInstances$"):
            instances.running("prod")


def test_an_end_is_asked_for_again_until_the_instance_goes():
    """EC2 may take a termination while the instance is still shown as running."""
    naps = list[float]()
    with played(naps) as (instances, stub):
        for state in ("running", "shutting-down"):
            stub.add_response("terminate_instances", {}, {"InstanceIds": ["i-1"]})
            stub.add_response("describe_instances", described(state))
        instances.end("i-1")
    assert naps == [1]


def test_an_instance_that_does_not_go_is_an_error(monkeypatch: pytest.MonkeyPatch):
    """It says how to end it by hand."""
    monkeypatch.setattr(module, "_GONE_WITHIN", -1.0)
    with played() as (instances, stub):
        stub.add_response("terminate_instances", {})
        stub.add_response("describe_instances", described("running"))
        with pytest.raises(RolloutError, match="still there: `aws ec2 terminate-instances --instance-ids i-1`"):
            instances.end("i-1")


def test_an_end_that_is_denied():
    """The error names the instance and the action that the role lacks."""
    with played() as (instances, stub):
        stub.add_client_error("terminate_instances", "UnauthorizedOperation")
        with pytest.raises(RolloutError, match=r"could not terminate i-1: .*must allow TerminateInstances$"):
            instances.end("i-1")
