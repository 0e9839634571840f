"""What an `up` changes in the bill, by list prices. Pure."""

from __future__ import annotations

from dataclasses import dataclass

HOURS = 730
"""Hours of a month, as AWS's own calculator counts them."""
THRESHOLD = 5.0
"""US dollars a month below which a difference is not worth a line."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """Part of the difference. `dollars` a month, more if positive; None if there is no price for it in the table."""

    what: str
    """Such as `2 instances t3.small`."""
    dollars: float | None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The monthly difference, and of what it is made."""

    items: tuple[Item, ...] = ()
    prices_of: str = ""
    """When the list prices were taken down, as `2026-01`."""

    @property
    def dollars(self) -> float:
        """Return the sum of what is known, in US dollars a month."""
        return sum(item.dollars for item in self.items if item.dollars is not None)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return what has no price in the table."""
        return tuple(item.what for item in self.items if item.dollars is None)

    @property
    def silent(self) -> bool:
        """Return whether there is nothing to say: everything is known, and the difference is below THRESHOLD."""
        return not self.unknown and abs(self.dollars) < THRESHOLD
