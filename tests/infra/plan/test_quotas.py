"""Which quotas a deploy would meet, and what AWS is asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.plan import quotas, usage
from infra.plan.quotas import ADDRESSES, SPOT_VCPUS, VCPUS, VPCS, Usage
from infra.settings import Settings, parse
from release.rollout.observed import DeployedFleet, Group, Instance

pytestmark = pytest.mark.sandbox

REGION = "eu-west-1"


def settings(**mapping: object) -> Settings:
    fleets = {"web": {"size": {"min": 3, "max": 9}}}
    given = {"loadBalancer": {"http": True}, "fleets": fleets, **mapping}
    return parse(given, "shop", {"AWS_REGION": REGION})


def found(desired: int = 3, name: str = "web", instances: Sequence[str] = ()) -> DeployedFleet:
    members = tuple(Instance(id=i, zone="a", state="InService", health="Healthy", template=None) for i in instances)
    group = Group(name=f"slipway-shop-{name}", desired=desired, template=None, instances=members)
    return DeployedFleet(name=name, group=group, store="", log_group="")


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        ("t3.small", True),
        ("m6i.large", True),
        ("i4i.large", True),
        ("d3.xlarge", True),
        ("g5.xlarge", False),
        ("inf2.xlarge", False),
        ("dl1.24xlarge", False),
        ("hpc6a.48xlarge", False),
        ("trn1.2xlarge", False),
    ],
)
def test_standard_types(kind: str, counts: bool):
    """The other types have quotas of their own."""
    assert quotas.is_standard(kind) is counts


@pytest.mark.parametrize(
    ("mapping", "desired", "asked"),
    [
        ({}, {}, {VPCS, ADDRESSES, VCPUS}),
        ({"network": {"nat": "none"}}, {}, {VPCS, VCPUS}),
        ({}, {"web": 3}, set()),
        ({}, {"web": 7}, set()),
        ({}, {"web": 2}, {VCPUS}),
        ({"fleets": {"web": None, "api": {"routes": {"paths": ["/api"]}}}}, {"web": 3}, {VCPUS}),
        ({"fleets": {"web": {"instanceTypes": ["g5.xlarge"]}}}, {}, {VPCS, ADDRESSES}),
        ({"fleets": {"web": {"capacity": {}}}}, {"web": 3}, {SPOT_VCPUS}),
        ({"fleets": {"web": {"capacity": {}, "instanceTypes": ["g5.xlarge"]}}}, {"web": 3}, set()),
    ],
)
def test_only_what_is_new_is_asked_for(mapping: dict[str, object], desired: dict[str, int], asked: set[quotas.Quota]):
    assert set(quotas.asked(settings(**mapping), desired)) == asked


def test_what_a_stack_takes_at_its_peak():
    """All fleets are rolled out at once, each with instances beside the old ones."""
    two = {
        "web": {"size": {"min": 3}},
        "api": {"size": {"min": 3}, "routes": {"paths": ["/api"]}, "rollout": {"maxHealthyPercentage": 150}},
    }
    given = settings(network={"nat": "per-az", "zones": 2}, fleets=two)
    need = quotas.needed(given, {"web": 4}, {"t3.small": 2})
    assert need == {VPCS: 1, ADDRESSES: 2, VCPUS: (8 + 5) * 2}
    single = quotas.needed(settings(network={"nat": "single"}), {}, {})
    assert single[ADDRESSES] == 1


def test_scheduled_work_takes_an_instance_an_entry():
    """It may come while all fleets are rolled out."""
    work = {name: {"cron": "0 2 * * *", "command": "work", "fleet": "web"} for name in ("nightly", "weekly")}
    given = settings(schedule=work)
    alone = quotas.needed(settings(), {}, {"t3.small": 2})[VCPUS]
    need = quotas.needed(given, {}, {"t3.small": 2})
    assert need[VCPUS] == alone + 2 * 2
    [cores] = quotas.warnings(given, need, {VCPUS: Usage(limit=5, used=0)})
    assert "while all of them are rolled out and all scheduled work is done, 16" in cores


def test_spot_instances_have_a_quota_of_their_own():
    """At the peak old and new ones are there, each with its base on demand; spot ones may be of the largest type."""
    fleet = {"instanceTypes": ["t3.small", "m5.xlarge"], "size": {"min": 4}, "capacity": {"onDemandBase": 2}}
    given = settings(fleets={"web": fleet})
    need = quotas.needed(given, {}, {"t3.small": 2, "m5.xlarge": 4})
    assert (need[VCPUS], need[SPOT_VCPUS]) == (4 * 2, 6 * 4)
    [warned] = quotas.warnings(given, need, {SPOT_VCPUS: Usage(limit=16, used=2)})
    assert "vCPUs of standard spot instances: the fleets take, while all of them are rolled out, 24, and 2" in warned
    assert "--quota-code L-34B43A08 --desired-value 26" in warned
    assert warned.endswith("or set a smaller rollout.maxHealthyPercentage or a higher capacity.onDemandBase")


def test_a_warning_says_how_much_of_what_and_what_to_do():
    given = settings()
    need = quotas.needed(given, {}, {"t3.small": 2})
    told = {VCPUS: Usage(limit=None, used=4), VPCS: Usage(limit=5, used=4), ADDRESSES: Usage(limit=5, used=3)}
    cores, addresses = quotas.warnings(given, need, told)
    assert "take, while all of them are rolled out, 12, and 4 are used beside it" in cores
    assert "L-1216C47A is 5, a new account's" in cores
    assert "--quota-code L-1216C47A --desired-value 16 --region eu-west-1" in cores
    assert "rollout.maxHealthyPercentage" in cores
    assert "Elastic IP addresses: the stack takes 3, and 3 are used" in addresses
    assert "network.nat" in addresses


def test_a_lower_posture_warns_of_what_it_takes_to_be_active():
    """It is learned before the outage, not in it."""
    given = settings(recovery={"posture": "pilot-light"})
    assert quotas.asked(given, {"web": 0}) == [VCPUS]
    need = quotas.needed(given, {"web": 0}, {"t3.small": 2})
    [cores] = quotas.warnings(given, need, {VCPUS: Usage(limit=5, used=0)})
    assert "the fleets take, once the stack is active, while all of them are rolled out, 12" in cores


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An AWS in this process, with an instance and an address of somebody else's."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield boto3.client("ec2", region_name=REGION)


def run(ec2: Any, count: int, kind: str = "t3.small", **more: object) -> list[str]:
    image = ec2.describe_images()["Images"][0]["ImageId"]
    started = ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count, InstanceType=kind, **more)["Instances"]
    return [instance["InstanceId"] for instance in started]


def test_what_others_use_counts_and_ones_own_does_not(aws: Any):
    """Its instances are part of its peak; its VPC is there or not."""
    others, own = run(aws, 2, "m5.xlarge"), run(aws, 2)
    run(aws, 1, "g4dn.xlarge")
    for _ in range(3):
        aws.allocate_address(Domain="vpc")
    mine = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "slipway:stack", "Value": "shop"}]}]
    aws.allocate_address(Domain="vpc", TagSpecifications=mine)
    [cores, addresses], trouble = usage.look(settings(), [])
    assert "12, and 12 are used beside it" in cores
    assert "takes 3, and 3 are used" in addresses
    [cores], trouble = usage.look(settings(), [found(desired=2, instances=own)])
    assert "12, and 8 are used beside it" in cores
    assert trouble == ""
    assert len(others) == 2


def test_an_instance_of_its_scheduled_work_is_not_counted_twice(aws: Any):
    """What the stack needs has it already; one of another stack counts."""
    for stack in ("shop", "other"):
        tags = [{"Key": "slipway:stack", "Value": stack}, {"Key": "slipway:job", "Value": "nightly"}]
        aws.create_tags(Resources=run(aws, 1), Tags=tags)
    [cores], _ = usage.look(settings(), [])
    assert "12, and 2 are used beside it" in cores


def test_others_spot_instances_count_for_the_quota_of_spot(aws: Any):
    """And for no other: the four on demand, two old and two new, fit a new account's."""
    run(aws, 2, "m5.xlarge", InstanceMarketOptions={"MarketType": "spot"})
    given = settings(fleets={"web": {"size": {"min": 3}, "capacity": {"onDemandBase": 1}}})
    [spot], trouble = usage.look(given, [])
    assert "vCPUs of standard spot instances" in spot
    assert "10, and 8 are used" in spot
    assert trouble == ""


def test_nothing_is_asked_where_nothing_is_new(monkeypatch: pytest.MonkeyPatch):
    def client(*_: object) -> NoReturn:
        pytest.fail("asked")

    monkeypatch.setattr(usage, "client", client)
    assert usage.look(settings(), [found()]) == ([], "")


def test_what_may_not_be_asked_is_said_and_stops_nothing(aws: Any, monkeypatch: pytest.MonkeyPatch):
    """Without servicequotas:GetServiceQuota a new account's values are assumed; without ec2's nothing is known."""
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetServiceQuota")

    def refuse(*_: object, **__: object) -> NoReturn:
        raise denied

    real: Any = usage.client

    def client(service: str, region: str) -> Any:
        return SimpleNamespace(get_service_quota=refuse) if service == "service-quotas" else real(service, region)

    monkeypatch.setattr(usage, "client", client)
    warned, trouble = usage.look(settings(), [])
    assert trouble == ""
    assert "AWS did not tell this one's" in warned[0]
    monkeypatch.setattr(usage, "_running", refuse)
    warned, trouble = usage.look(settings(), [])
    assert warned == []
    assert trouble.startswith("quotas could not be read: ")
