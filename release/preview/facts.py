"""What is known of the fleets whose instances an `up` replaces, makes or removes, and of their releases. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from release.preview.cost import Launched
from release.rollout.estimate import Took
from release.store.event import Event, last_good


@dataclass(frozen=True, kw_only=True)
class Log:
    """Commits: how many they are, and the newest of them, newest first, a line each."""

    count: int
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Between:
    """How git gets from one release to another; on the way to an older one it only takes commits back."""

    old: str
    new: str
    added: Log
    removed: Log


@dataclass(frozen=True, kw_only=True)
class ReleaseFacts:
    """A release that fleets are to get. What is None is not known."""

    sha: str
    published: bool | None = None
    recoverable: bool | None = None
    """Whether it could be deployed from the replica now; None also if the store has none."""
    why: str = ""
    """Why it could not."""


@dataclass(frozen=True, kw_only=True)
class FleetFacts:
    """A fleet that an `up` touches. What is None is not known."""

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
    """How many there are now; of a fleet that is made, how many there will be at least."""
    steps: int | None = None
    """In how many steps they are replaced; each is waited for."""
    checkpoints: tuple[int, ...] = ()
    """After how many percent of the instances the rollout pauses."""
    took: Took | None = None
    """None also if the fleet was never rolled out."""

    @property
    def same_release(self) -> bool:
        """Return whether its instances are replaced because of settings alone."""
        return self.old is not None and self.old == self.new


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of all that an `up` does to instances. Fleets roll side by side."""

    fleets: tuple[FleetFacts, ...] = ()
    releases: tuple[ReleaseFacts, ...] = ()
    """Those that fleets are to get: one, unless the stack changes half of its fleets."""
    between: tuple[Between, ...] = ()
    """The ways from old to new that git knows."""
    rollback: str | None = None
    """The SHA to which `python -m release rollback` would go once the new release serves."""
    launched: Mapping[str, Launched] = field(default_factory=dict[str, Launched])
    """What the groups that are there launch now, by their names: what `cost` needs."""
    unknown: tuple[str, ...] = ()
    """What could not be found out and why, a line each."""

    @property
    def replaced(self) -> tuple[FleetFacts, ...]:
        """Return the fleets whose instances are replaced."""
        return tuple(fleet for fleet in self.fleets if fleet.becomes == "replaced")

    @property
    def instances(self) -> int:
        """Return how many instances are replaced, of the fleets of which that is known."""
        return sum(fleet.instances or 0 for fleet in self.replaced)

    @property
    def steps(self) -> int | None:
        """Return the most steps that a fleet takes; None if that is not known of all of them."""
        known = [fleet.steps for fleet in self.replaced if fleet.steps is not None]
        return max(known) if known and len(known) == len(self.replaced) else None

    @property
    def seconds(self) -> float | None:
        """Return how long the slowest fleet took the last times; None if none was ever rolled out."""
        return max((fleet.took.seconds for fleet in self.replaced if fleet.took), default=None)

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Return the fleets that were never rolled out: `seconds` leaves them out."""
        return tuple(fleet.fleet for fleet in self.replaced if fleet.took is None)


def rollback(new: Collection[str], events: Iterable[Event]) -> str | None:
    """Return the SHA to which a rollback would go once every fleet serves `new`; None if the ledger knows no good one.

    The choice of release/rollout/target.py, after a deploy that ended well. `events` are all fleets'.
    """
    good = last_good(event for event in events if event.sha not in new)
    return good.sha if good else None
