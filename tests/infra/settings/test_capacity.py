"""What a fleet's capacity may be."""

from __future__ import annotations

import pytest

from infra.settings import FleetSettings, SettingsError, parse
from release.rollout.distribution import Distribution


def web(**fleet: object) -> FleetSettings:
    given = {"loadBalancer": {"http": True}, "fleets": {"web": fleet}}
    return parse(given, "shop", {"AWS_REGION": "eu-west-1"}).fleets["web"]


def test_without_capacity_all_are_on_demand():
    """As it was before there was such a setting."""
    assert web().distribution is None


def test_the_base_is_the_smallest_size_where_nothing_else_is_said():
    """What the fleet always has is then safe from EC2, and only what it scales out to is spot."""
    assert web(size={"min": 4}, capacity={}).distribution == Distribution(
        base=4, percentage=0, spot="price-capacity-optimized"
    )


@pytest.mark.parametrize(
    ("base", "percentage", "size", "on_demand"),
    [(10, 50, 20, 15), (0, 60, 40, 24), (12, 0, 10, 10), (12, 0, 40, 12), (0, 50, 3, 2), (0, 1, 1, 1), (2, 0, 0, 0)],
)
def test_how_many_are_on_demand(base: int, percentage: int, size: int, on_demand: int):
    """The user guide's own examples, and that a fraction counts for on demand."""
    assert Distribution(base=base, percentage=percentage, spot="").on_demand(size) == on_demand


@pytest.mark.parametrize(
    ("fleet", "says"),
    [
        ({"capacity": {"onDemandBase": 0}}, "capacity.onDemandBase: must be at least 1, or onDemandPercentage, with"),
        (
            {"size": {"min": 3, "max": 3}, "capacity": {}},
            "capacity: has no effect: all of up to size.max (3) instances",
        ),
        ({"capacity": {"onDemandPercentage": 100}}, "capacity: has no effect"),
        (
            {"capacity": {"spotAllocation": "lowest-price"}},
            "capacity.spotAllocation: must be one of price-capacity-opt",
        ),
        ({"capacity": {"onDemandBase": -1}}, "capacity.onDemandBase: must be 0 to 10000, is -1"),
        ({"capacity": {"spotMaxPrice": "0.01"}}, "capacity.spotMaxPrice: unknown setting; known here: onDemandBase"),
        ({"warmPool": {"minSize": 2}}, "warmPool: is not offered: an instance of a warm pool boots once to be stopped"),
        ({"warmPool": None}, "warmPool: is not offered"),
    ],
)
def test_what_breaks_a_promise_is_refused_with_its_reason(fleet: dict[str, object], says: str):
    """And what has no effect, and what AWS itself warns of."""
    with pytest.raises(SettingsError) as refused:
        web(**fleet)
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].startswith(f"fleets.web.{says}")


@pytest.mark.parametrize(
    "fleet",
    [
        {"capacity": {"onDemandBase": 0, "onDemandPercentage": 1}},
        {"capacity": {"onDemandBase": 0}, "rollout": {"minHealthyPercentage": 0, "maxHealthyPercentage": 100}},
        {"capacity": {"onDemandBase": 1}, "size": {"min": 1, "max": 2}},
        {"capacity": {"onDemandBase": 0, "onDemandPercentage": 50}, "size": {"min": 0}},
    ],
)
def test_what_breaks_nothing_is_taken(fleet: dict[str, object]):
    """One instance that EC2 doesn't take away is enough, and none where a fleet may be gone."""
    assert web(**fleet).distribution
