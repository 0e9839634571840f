"""How long a rollout may take: what its default deadline follows from, and what a given one has to allow for. Pure.

The rounding is that of the sandbox's emulator, after RefreshPreferences of the EC2 Auto Scaling API.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST = 1800
"""Seconds; the default for a fleet that is replaced in one go."""
JOINING = 90
"""Seconds; what an instance is reported to take from its boot until the balancer sends it requests."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How many instances a refresh replaces at once, and where it pauses: percentages, and seconds."""

    min_healthy: int
    max_healthy: int
    checkpoints: Sequence[int] = ()
    checkpoint_delay: int = 0
    bake: int = 0

    def at_a_time(self, size: int) -> int:
        """How many of a group of that size are replaced at once, at least."""
        above = math.floor(size * self.max_healthy / 100) - size
        below = size - math.ceil(size * self.min_healthy / 100)
        return max(1, min(size, max(above, 0) + below))

    def batches(self, size: int) -> int:
        """In how many goes a group of that size is replaced; each checkpoint ends one."""
        ends = sorted({math.ceil(size * percentage / 100) for percentage in (*self.checkpoints, 100)})
        portions = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
        return sum(math.ceil(portion / self.at_a_time(size)) for portion in portions)

    def slowest(self, smallest: int, largest: int) -> int:
        """The size between the two that needs the most batches: by the rounding, that is not always the largest."""
        sizes = range(max(1, largest), max(1, smallest) - 1, -1)
        return max(sizes, key=self.batches, default=max(1, largest))

    @property
    def pauses(self) -> int:
        """Seconds that it waits at checkpoints and bakes, whatever the size."""
        return max(len(self.checkpoints) - 1, 0) * self.checkpoint_delay + self.bake


def default(pace: Pace, batches: int, *, boot: int, joining: int, warmup: int, drain: int) -> int:
    """Seconds that an unfinished rollout is given: each batch may take all of its boot timeout."""
    each = boot + max(joining, JOINING) + warmup + drain
    return max(SHORTEST, batches * each + pace.pauses)


def needed(pace: Pace, batches: int, *, boot: int, warmup: int) -> int:
    """Seconds below which a rollout would be turned round although every instance keeps to its boot timeout."""
    return batches * (boot + warmup) + pace.pauses
