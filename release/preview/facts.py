"""What is known of each fleet whose instances an `up` replaces, makes or removes. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from release.rollout.past_rollouts import DEPLOY
from release.store.event import Event

LAST = 5
"""Rollouts of a fleet by whose median its next one is estimated."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """Commits, newest first, one line each: all of them in `count`, the first of them in `lines`."""

    count: int
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Commits:
    """How git gets from one release to another; a deploy of an older one only takes commits back."""

    added: Log
    removed: Log


@dataclass(frozen=True, kw_only=True)
class Took:
    """How long the last successful rollouts of a fleet took: their median in seconds, and how many they were."""

    seconds: float
    rollouts: int


@dataclass(frozen=True, kw_only=True)
class FleetFacts:
    """A fleet that an `up` touches. What is None is not known, and `unknown` says why, a line each."""

    fleet: str
    group: str
    """The name of its Auto Scaling group."""
    becomes: str
    """`replaced` (its instances, a few at a time), `created` or `deleted`."""
    old: str | None = None
    """The SHA that the group launches now, by AWS; None also if it is made only now."""
    new: str | None = None
    """The SHA that it will launch; None also if it is deleted."""
    instances: int | None = None
    """How many there are now, or how many are made at least."""
    steps: int | None = None
    """In how many steps they are replaced; each is waited for."""
    checkpoints: tuple[int, ...] = ()
    """After how many percent of the instances a rollout pauses."""
    commits: Commits | None = None
    took: Took | None = None
    published: bool | None = None
    recoverable: bool | None = None
    """Whether the new release could be deployed from the replica; None also if the store has none."""
    rollback: str | None = None
    """The SHA to which `python -m release rollback` would go once the new release serves."""
    unknown: tuple[str, ...] = ()

    @property
    def same_release(self) -> bool:
        """Return whether its instances are replaced because of settings alone."""
        return self.old is not None and self.old == self.new


@dataclass(frozen=True, kw_only=True)
class Together:
    """What happens to all fleets. They roll side by side, so that steps and seconds are those of the longest."""

    fleets: int
    """How many have their instances replaced."""
    instances: int
    steps: int | None
    seconds: float | None
    """None if no fleet has a rollout to go by."""
    unmeasured: tuple[str, ...] = ()
    """The fleets among them that have none; their rollout may take longer."""


def together(fleets: Iterable[FleetFacts]) -> Together:
    """Return what is replaced in all: fleets that are made or removed are not counted."""
    replaced = [fleet for fleet in fleets if fleet.becomes == "replaced"]
    known = [fleet.steps for fleet in replaced if fleet.steps is not None]
    return Together(
        fleets=len(replaced),
        instances=sum(fleet.instances or 0 for fleet in replaced),
        steps=max(known) if known and len(known) == len(replaced) else None,
        seconds=max((fleet.took.seconds for fleet in replaced if fleet.took), default=None),
        unmeasured=tuple(fleet.fleet for fleet in replaced if fleet.took is None),
    )


def took(events: Sequence[Event]) -> Took | None:
    """Return how long the newest successful rollouts took, by the ledger's events of one fleet, newest first.

    Deploys only: a rollback neither bakes nor pauses. That a fleet was made is no rollout: nothing was refreshed.
    """
    seconds = [
        event.seconds
        for event in events
        if event.action == DEPLOY and event.outcome == "succeeded" and event.refresh_id and event.seconds is not None
    ][:LAST]
    return Took(seconds=statistics.median(seconds), rollouts=len(seconds)) if seconds else None
