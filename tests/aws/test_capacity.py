"""Groups of instances that are partly spot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws.conftest import Aws
from tests.aws.emulator import Players
from tests.aws.fleet import Fleet
from tests.aws.operator import Operator
from tests.waiting import until

pytestmark = [pytest.mark.sandbox, pytest.mark.emulator("AWS may have no spot instance to give")]


def policy(fleet: Fleet, version: str, *, base: int, percentage: int = 0) -> dict[str, Any]:
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": fleet.source(version),
            "Overrides": [{"InstanceType": "t3.small"}, {"InstanceType": "t3a.small"}],
        },
        "InstancesDistribution": {
            "OnDemandBaseCapacity": base,
            "OnDemandPercentageAboveBaseCapacity": percentage,
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
    }


def bought(fleet: Fleet) -> Counter[str]:
    """How many of the group's instances are spot, and how many on demand, by EC2's word."""
    ids = [instance["InstanceId"] for instance in fleet.instances]
    shown = fleet.ec2.describe_instances(InstanceIds=ids)["Reservations"]
    lives = [instance.get("InstanceLifecycle", "on-demand") for each in shown for instance in each["Instances"]]
    return Counter(lives)


@pytest.fixture
def fleet(aws: Aws, players: Players | Operator) -> Iterator[Fleet]:
    """Two on demand first, of the third and fourth one half."""
    made = Fleet(aws)
    made.create(size=4, MixedInstancesPolicy=policy(made, "1", base=2, percentage=50))
    until(lambda: made.in_service(4))
    yield made
    made.delete()


def test_a_group_buys_as_its_distribution_says(fleet: Fleet):
    """A fraction counts for on demand: of five it is 2 and 2 of the 3 above them; of three, 2 and 1."""
    assert bought(fleet) == {"on-demand": 3, "spot": 1}
    for size, expected in ((5, {"on-demand": 4, "spot": 1}), (2, {"on-demand": 2}), (4, {"on-demand": 3, "spot": 1})):
        fleet.scaling.set_desired_capacity(AutoScalingGroupName=fleet.name, DesiredCapacity=size)
        until(lambda size=size: fleet.in_service(size))
        assert bought(fleet) == expected


def test_a_refresh_ends_with_the_same_distribution(fleet: Fleet):
    """Each new instance counts among the new ones, so that those on demand are back first."""
    fleet.scaling.start_instance_refresh(
        AutoScalingGroupName=fleet.name,
        DesiredConfiguration={"MixedInstancesPolicy": policy(fleet, fleet.version("two"), base=3)},
        Preferences={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150, "InstanceWarmup": 0},
    )
    until(lambda: fleet.latest["Status"] == "Successful")
    assert fleet.in_service(4, "2")
    assert bought(fleet) == {"on-demand": 3, "spot": 1}
