"""How many instances a refresh launches and terminates: pure."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws.autoscaling.refresh import Preferences
from sandbox.aws.autoscaling.refresh_step import Counts, bounds, next_step
from sandbox.aws.autoscaling.zones import emptiest


@st.composite
def preferences(draw: st.DrawFn) -> Preferences:
    """Percentages as the API allows them."""
    low = draw(st.integers(0, 100))
    high = draw(st.none() | st.integers(100, min(200, low + 100)))
    return Preferences(min_healthy=low, max_healthy=high)


@given(preferences(), st.integers(0, 12), st.data())
def test_a_refresh_ends_and_stays_within_its_bounds(chosen: Preferences, capacity: int, data: st.DataObject):
    """Whatever the percentages, and however slowly instances get ready, all are replaced and no bound is broken."""
    fewest, most = bounds(capacity, chosen)
    old, new, ready_new, rounds = capacity, 0, 0, 0
    while old or ready_new < capacity:
        rounds += 1
        assert rounds < 200
        counts = Counts(capacity=capacity, kept=0, old=old, new=new, ready=old + ready_new, allowed=capacity)
        decided = next_step(counts, chosen)
        old -= decided.terminate
        assert old + ready_new >= min(fewest, counts.ready)
        new += max(0, decided.target - old - new)
        assert old + new <= most
        assert new <= capacity
        waiting = new - ready_new
        ready_new += data.draw(st.integers(min(1, waiting), waiting)) if waiting else 0
    assert new == capacity


def test_impossible_bounds_launch_first_only_where_the_maximum_is_explicit():
    """100/100 of three exceeds the capacity by one; 100 without a maximum goes one below."""
    assert bounds(3, Preferences(min_healthy=100, max_healthy=100)) == (3, 4)
    assert bounds(3, Preferences(min_healthy=100)) == (2, 3)
    assert bounds(1, Preferences()) == (0, 1)


@given(st.integers(1, 6), st.integers(0, 30))
def test_zones_are_never_apart_by_more_than_one(zones: int, count: int):
    """Instance after instance goes where the fewest are."""
    names = [f"z{n}" for n in range(zones)]
    taken: list[str] = []
    for _ in range(count):
        taken.append(emptiest(names, taken))
    spread = [taken.count(name) for name in names]
    assert max(spread) - min(spread) <= 1
    assert math.fsum(spread) == count
