"""How many of a group's instances are on demand, and how many spot. Pure.

Source: EC2 Auto Scaling user guide, "Controlling the proportion of On-Demand instances".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A group's instances distribution; `base` in instances, `percentage` of those above it that are on demand."""

    base: int
    percentage: int
    spot: str
    """The allocation strategy of spot instances, by the API's name."""

    def on_demand(self, size: int) -> int:
        """Return how many of `size` instances are on demand; a fraction counts as one more of them."""
        above = max(0, size - self.base)
        return min(size, self.base) + -(-above * self.percentage // 100)
