"""How long a rollout may take, by size, percentages, boot and pauses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.rollout import duration, rollback
from release.rollout.duration import Pace
from release.rollout.observed import Group
from sandbox.aws.autoscaling.refresh import Preferences
from sandbox.aws.autoscaling.refresh_step import bounds

GO = {"boot": 300, "joining": 25, "warmup": 30, "drain": 30}


@pytest.mark.parametrize(
    ("percentages", "checkpoints", "size", "expected"),
    [
        ((100, 200), (), 9, (9, 1)),
        ((100, 110), (), 20, (2, 10)),
        ((100, 110), (), 19, (1, 19)),
        ((100, 110), (), 5, (1, 5)),
        ((100, 100), (), 7, (1, 7)),
        ((90, 110), (), 20, (4, 5)),
        ((50, 100), (), 9, (4, 3)),
        ((100, 200), (33, 100), 24, (24, 2)),
        ((100, 110), (10, 50, 100), 20, (2, 10)),
        ((100, 200), (1, 2, 100), 3, (3, 2)),
    ],
)
def test_batches(percentages: tuple[int, int], checkpoints: tuple[int, ...], size: int, expected: tuple[int, int]):
    """(at a time, batches); a checkpoint ends a batch, and checkpoints of the same instance end one together."""
    pace = Pace(min_healthy=percentages[0], max_healthy=percentages[1], checkpoints=checkpoints)
    assert (pace.at_a_time(size), pace.batches(size)) == expected


@given(st.integers(1, 300), st.integers(0, 100), st.integers(100, 200))
def test_what_is_replaced_at_once_is_what_the_emulator_replaces(size: int, low: int, high: int):
    """The same rounding: what may be there beyond the capacity, and what may be missing of it."""
    fewest, most = bounds(size, Preferences(min_healthy=low, max_healthy=high))
    pace = Pace(min_healthy=low, max_healthy=high)
    assert pace.at_a_time(size) == min(size, most - fewest)


def test_a_smaller_group_may_take_longer():
    """Up to size.max: 19 are replaced one at a time, 20 by two."""
    pace = Pace(min_healthy=100, max_healthy=110)
    assert pace.slowest(3, 20) == 19
    assert pace.batches(19) > pace.batches(20)
    assert pace.slowest(0, 0) == 1


def test_the_default_follows_from_all_of_it():
    """Each go may take its boot timeout, 90 s until the balancer is content, warm-up and drain; pauses come on top."""
    pace = Pace(min_healthy=100, max_healthy=110, checkpoints=(10, 100), checkpoint_delay=60, bake=240)
    assert duration.default(pace, 10, **GO) == 10 * (300 + 90 + 30 + 30) + 60 + 240
    assert duration.default(pace, 10, **{**GO, "joining": 200}) == 10 * (300 + 200 + 30 + 30) + 60 + 240
    assert duration.default(pace, 1, **GO) == 1800
    assert duration.needed(pace, 10, boot=300, warmup=30) == 10 * 330 + 300


def test_a_rollback_waits_as_its_fleet_needs():
    """Its own end is no fixed one either: one at a time, forty instances take hours."""
    slow = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 100, "InstanceWarmup": 30}
    group = Group(name="g", desired=12, largest=40, template=None, instances=())
    assert rollback.timeout(group, slow, 300) == 40 * (300 + 90 + 30 + 30)
    assert rollback.timeout(group, {**slow, "MaxHealthyPercentage": 200}, 300) == 1800
