"""How long a rollout may take: the default deadline, and the least that a configured one must allow. Pure.

Rounding follows RefreshPreferences of the EC2 Auto Scaling API; the sandbox's emulator rounds in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST = 1800
"""Seconds; the default deadline of a fleet that is replaced in a single batch."""
JOINING = 90
"""Seconds that an instance reportedly takes from its boot until the load balancer sends it requests."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How many instances a refresh replaces at once (percentages), and where it pauses (seconds)."""

    min_healthy: int
    max_healthy: int
    checkpoints: Sequence[int] = ()
    checkpoint_delay: int = 0
    bake: int = 0

    def at_a_time(self, size: int) -> int:
        """Return how many instances of a group of that size are replaced at once, at least."""
        above = math.floor(size * self.max_healthy / 100) - size
        below = size - math.ceil(size * self.min_healthy / 100)
        return max(1, min(size, max(above, 0) + below))

    def batches(self, size: int) -> int:
        """Return in how many batches a group of that size is replaced; each checkpoint ends one."""
        ends = sorted({math.ceil(size * percentage / 100) for percentage in (*self.checkpoints, 100)})
        portions = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
        return sum(math.ceil(portion / self.at_a_time(size)) for portion in portions)

    def slowest(self, smallest: int, largest: int) -> int:
        """Return the size in that range that needs the most batches; rounding means it isn't always the largest."""
        sizes = range(max(1, largest), max(1, smallest) - 1, -1)
        return max(sizes, key=self.batches, default=max(1, largest))

    @property
    def pauses(self) -> int:
        """Return the seconds spent at checkpoints and on baking, whatever the size."""
        return max(len(self.checkpoints) - 1, 0) * self.checkpoint_delay + self.bake


def default(pace: Pace, batches: int, *, boot: int, joining: int, warmup: int, drain: int) -> int:
    """Return the default deadline in seconds, if each batch uses up its boot timeout."""
    each = boot + max(joining, JOINING) + warmup + drain
    return max(SHORTEST, batches * each + pace.pauses)


def needed(pace: Pace, batches: int, *, boot: int, warmup: int) -> int:
    """Return the least deadline in seconds: less would undo a rollout whose instances all keep their boot timeout."""
    return batches * (boot + warmup) + pace.pauses
