"""Pure: how many instances a refresh may launch and terminate at once."""

import math
from dataclasses import dataclass

from sandbox.aws.autoscaling.refresh import Preferences


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A group in the middle of a refresh.

    `kept` instances stay as they are, `old` are to be replaced, `new` came with the refresh. `ready` is how many of all
    three serve. `allowed` is how many new ones the next checkpoint lets there be.
    """

    capacity: int
    kept: int
    old: int
    new: int
    ready: int
    allowed: int


@dataclass(frozen=True)
class Step:
    """`target` active instances to launch up to, `ceiling` never to exceed, `terminate` old ones that may go now."""

    target: int
    ceiling: int
    terminate: int


def bounds(capacity: int, preferences: Preferences) -> tuple[int, int]:
    """Return the fewest healthy and the most active instances while a group of that capacity is refreshed.

    Where both can't be kept at once, an explicit maximum means launch first, none means terminate first
    (RefreshPreferences, MaxHealthyPercentage).
    """
    fewest = math.ceil(capacity * preferences.min_healthy / 100)
    most = max(capacity, math.floor(capacity * (preferences.max_healthy or 100) / 100))
    if fewest >= capacity and most <= capacity:
        if preferences.max_healthy is None:
            fewest = max(0, capacity - 1)
        else:
            most = capacity + 1
    return fewest, most


def next_step(counts: Counts, preferences: Preferences) -> Step:
    """Return what the refresh does next, in numbers."""
    fewest, most = bounds(counts.capacity, preferences)
    wanted = min(counts.allowed, max(0, counts.capacity - counts.kept))
    must_stay = max(0, counts.capacity - counts.kept - wanted)
    terminate = max(0, min(counts.ready - fewest, counts.old - must_stay))
    staying = counts.kept + counts.old - terminate
    target = max(counts.capacity, min(most, staying + max(wanted, counts.new)))
    return Step(target, max(most, counts.capacity), terminate)
