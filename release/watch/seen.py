"""What one look at a stack has found. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from release.rollout.observed import ROLLING_FORWARD, Refresh
from release.store.event import Event

HEALTHY = "healthy"


@dataclass(frozen=True, kw_only=True)
class Member:
    """An instance. `sha` is that of its launch template; None if that names none."""

    id: str
    zone: str
    sha: str | None
    state: str
    """Its LifecycleState in the group, such as `InService` or `Pending:Wait`."""
    health: str
    """By the group: `Healthy` or `Unhealthy`."""
    target: str = ""
    """By the load balancer: `healthy`, `initial`, `draining`, `unhealthy` and why; "" if it is in no target group."""

    @property
    def serves(self) -> bool:
        """Return whether it is in service and, behind a load balancer, gets requests."""
        return self.state == "InService" and self.health == "Healthy" and self.target in ("", HEALTHY)


@dataclass(frozen=True, kw_only=True)
class Requests:
    """The requests to a fleet in the last `minutes`; `failed` were answered with 5xx, by the app or for want of one."""

    total: int
    failed: int
    minutes: int


@dataclass(frozen=True, kw_only=True)
class Rolling:
    """A rollout under way. `sha` is where it leads; `left` how long it takes yet, in words, "" if nobody knows."""

    refresh: Refresh
    sha: str | None
    left: str = ""

    @property
    def forward(self) -> bool:
        return self.refresh.status in ROLLING_FORWARD


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """A fleet. `sha` is what its group launches outside of a rollout."""

    name: str
    sha: str | None
    desired: int
    least: int
    largest: int
    posture: str
    balanced: bool
    members: tuple[Member, ...]
    rolling: Rolling | None = None
    requests: Requests | None = None
    """None if it has no load balancer, or if nobody could tell."""

    @property
    def serving(self) -> int:
        return sum(member.serves for member in self.members)

    @property
    def releases(self) -> Mapping[str, int]:
        """Return how many instances that serve have which release, the most first; one that is not known is "?"."""
        return dict(Counter(member.sha or "?" for member in self.members if member.serves).most_common())

    @property
    def zones(self) -> Mapping[str, tuple[int, int]]:
        """Return by zone how many of its instances serve, and how many there are."""
        there = sorted({member.zone for member in self.members})
        return {
            zone: (
                sum(member.serves for member in self.members if member.zone == zone),
                sum(member.zone == zone for member in self.members),
            )
            for zone in there
        }

    @property
    def calm(self) -> bool:
        """Return whether all that should serve does, nothing is under way, and no request failed."""
        failed = self.requests.failed if self.requests else 0
        return self.serving == self.desired == len(self.members) and not self.rolling and not failed


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A stack, at a time. What could not be asked is in `unknown`, a line each; the rest is as it was seen."""

    stack: str
    region: str
    at: datetime
    fleets: tuple[Fleet, ...]
    events: tuple[Event, ...] = ()
    """The newest of the ledger, newest first."""
    marks: tuple[str, ...] = ()
    """What somebody has set and should not be forgotten: a freeze, maintenance."""
    unknown: Sequence[str] = ()
