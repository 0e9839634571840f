"""Whether a stack and one that is to replace it are live at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from release import names
from release.store.event import Event

ACTIVATED = "activated: "
"""How the reason of an event begins that says that a stack was brought up by `release activate`."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """A stack that serves in a region with all it has, and whom it follows."""

    stack: str
    region: str
    follows: str | None = None


def live_in_both(stacks: Iterable[Live]) -> list[tuple[Live, Live]]:
    """Return the pairs of which the second follows the first, in another region. What a drill brings up is left out."""
    found = sorted(
        (live for live in stacks if not names.is_drill(live.stack)), key=lambda live: (live.stack, live.region)
    )
    return [
        (followed, follower)
        for followed in found
        for follower in found
        if follower.follows == followed.stack and follower.region != followed.region
    ]


def told(pair: tuple[Live, Live]) -> str:
    """Return what to tell of two that are live at once, and how to end it."""
    followed, follower = pair
    return (
        f"live in both: {followed.stack} in {followed.region} and {follower.stack} in {follower.region}, which follows "
        f"it. If {followed.region} is back, take the other one down again with `SLIPWAY_POSTURE=warm pulumi up "
        f"--refresh --stack {follower.stack}` (or pilot-light)"
    )


def overtaken(own: Sequence[Event], followed: Sequence[Event]) -> Event | None:
    """Return the event by which a followed stack has served again since the own one took over, or None.

    The own one took over when somebody chose a release for it, or activated it. Both are newest first.
    """
    over = next((event for event in own if event.followed is not True or _activated(event)), None)
    newest = next((event for event in followed if event.outcome == "succeeded"), None)
    return newest if over and newest and newest.order > over.order else None


def _activated(event: Event) -> bool:
    return bool(event.reason and event.reason.startswith(ACTIVATED))
