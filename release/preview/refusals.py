"""What `pulumi up` will refuse. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """What stands in the way of an `up`, a line each, with the command that removes it."""

    certain: tuple[str, ...] = ()
    """What it refuses for sure, as things are now."""
    warned: tuple[str, ...] = ()
    """What it may fail on: quotas, what could not be asked."""
