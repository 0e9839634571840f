"""What stands of a stack that is kept for recovery, and the sizes that its groups have then. Pure.

A group tells both by its tags (names.POSTURE_TAG, names.SIZE_TAG), so that it can be brought up by Auto Scaling alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

POSTURES = ("cold", "pilot-light", "warm", "active")
"""From nothing but the store to all of it."""
ACTIVE = "active"
_SIZE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")


@dataclass(frozen=True, kw_only=True)
class Size:
    """The bounds of a group: numbers of instances."""

    min: int
    max: int

    def __str__(self) -> str:
        """Return it as the tag has it, such as `3-9`."""
        return f"{self.min}-{self.max}"


def size_in(tag: str) -> Size | None:
    """Return the sizes that a group's tag tells, or None if it tells none."""
    found = _SIZE.fullmatch(tag)
    if found is None or int(found[1]) > int(found[2]):
        return None
    return Size(min=int(found[1]), max=int(found[2]))


def size(posture: str, active: Size, zones: int) -> Size:
    """Return the sizes of a group in a posture: `active` are those of the settings, `zones` its number of zones."""
    if posture == ACTIVE:
        return active
    if posture == "warm":
        return Size(min=zones, max=max(active.max, zones))
    return Size(min=0, max=0)


def higher(posture: str, other: str) -> str:
    """Return that of two postures in which more stands."""
    return other if is_lower(posture, other) else posture


def is_lower(posture: str, than: str) -> bool:
    """Return whether less stands in a posture than in another one. A group without the tag is active."""
    return POSTURES.index(posture or ACTIVE) < POSTURES.index(than or ACTIVE)
