"""What was observed of a rollout, and what to do next. Pure: no AWS, no clock, no Pulumi.

The statuses and their meaning are those of the EC2 Auto Scaling API (InstanceRefresh.Status).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

# AWS retries a failing launch for an hour; three instances that could not boot the release say the same at once.
FAILED_BOOTS = 3

ACTIVE = frozenset({"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"})
ROLLING_FORWARD = frozenset({"Pending", "InProgress", "Baking"})


@dataclass(frozen=True, kw_only=True)
class Template:
    """A launch template version, as a group or an instance names it."""

    id: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Refresh:
    """One instance refresh, as DescribeInstanceRefreshes shows it. `percentage` is 0 to 100."""

    id: str
    status: str
    reason: str = ""
    rollback_reason: str = ""  # why AWS turned it round: `reason` goes on to say what the way back waits for
    percentage: int = 0
    template: Template | None = None
    started: float | None = None  # seconds since the epoch

    @property
    def alarmed(self) -> bool:
        """Whether AWS turned it round because of an alarm."""
        return "alarm" in (self.rollback_reason or self.reason).lower()


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A member of the group. `state` is its LifecycleState, `health` Healthy or Unhealthy."""

    id: str
    zone: str
    state: str
    health: str
    template: Template | None

    @property
    def in_service(self) -> bool:
        return self.state == "InService" and self.health == "Healthy"


@dataclass(frozen=True, kw_only=True)
class Group:
    """An Auto Scaling group: its own template (not that of a refresh under way), its size, its members."""

    name: str
    desired: int
    template: Template | None
    instances: tuple[Instance, ...]
    target_group_arns: tuple[str, ...] = ()
    largest: int = 0  # instances that it may grow to


@dataclass(frozen=True, kw_only=True)
class BootEvent:
    """One line of a fleet's boot journal (the log group): what an instance said of its boot."""

    instance: str
    event: str  # "ready" or "failed"
    sha: str
    digest: str
    reason: str
    at: float  # seconds since the epoch


class Step(Enum):
    """What to do about a refresh."""

    WAIT = "wait"
    ROLL_BACK = "roll back"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A step and, where it is not plain from the step, why."""

    step: Step
    reason: str = ""


def decide(
    refresh: Refresh,
    failures: Sequence[BootEvent],
    *,
    elapsed: float,
    timeout: float,
    late: Step = Step.ROLL_BACK,
) -> Decision:
    """The next step for a refresh that was asked for, or adopted, `elapsed` seconds ago.

    `failures` are the boots of the release that failed since it began. After `timeout` seconds the step is `late`:
    back, or FAILED, which only ends the waiting; after twice that, waiting for a rollback ends too (AWS goes on with
    it).
    """
    why = _first_reason(failures)
    if refresh.status == "Successful":
        return Decision(step=Step.SUCCEEDED)
    if refresh.status in ROLLING_FORWARD:
        return _while_rolling(refresh, failures, why, late=late if elapsed > timeout else None)
    if refresh.status not in ACTIVE:
        ending = _ENDINGS.get(refresh.status, refresh.status)
        return Decision(step=Step.FAILED, reason=_join(ending, refresh.rollback_reason or refresh.reason, why))
    if elapsed > 2 * timeout:  # Cancelling, RollbackInProgress
        reason = f"still {refresh.status} after {elapsed:.0f} s; AWS goes on with it"
        return Decision(step=Step.FAILED, reason=_join(reason, refresh.reason))
    return Decision(step=Step.WAIT)


def _while_rolling(refresh: Refresh, failures: Sequence[BootEvent], why: str, *, late: Step | None) -> Decision:
    if unbootable(failures):
        return Decision(step=Step.ROLL_BACK, reason=f"{FAILED_BOOTS} instances could not boot it: {why}")
    if late:
        what = "not finished in time" if late is Step.ROLL_BACK else "not finished in time; it goes on in AWS"
        return Decision(step=late, reason=_join(what, refresh.reason, why))
    return Decision(step=Step.WAIT)


_ENDINGS = {
    "RollbackSuccessful": "rolled back",
    "RollbackFailed": "the rollback failed too: instances of both releases may be in service",
    "Failed": "failed, and was not rolled back: instances of both releases may be in service",
    "Cancelled": "cancelled: instances of both releases may be in service",
}


def unbootable(failures: Iterable[BootEvent]) -> bool:
    """Whether so many instances failed to boot a release that it is the release: one bad machine is not enough."""
    return len({event.instance for event in failures}) >= FAILED_BOOTS


def in_status(refreshes: Iterable[Refresh], statuses: frozenset[str]) -> Refresh | None:
    """The newest refresh (they come newest first) in one of those statuses; None where none is."""
    return next((found for found in refreshes if found.status in statuses), None)


def unbooted(events: Iterable[BootEvent], sha: str, since: float) -> list[BootEvent]:
    """The failed boots of `sha` since a moment, oldest first."""
    return sorted(
        (event for event in events if event.event == "failed" and event.sha == sha and event.at >= since),
        key=lambda event: event.at,
    )


def progress(fleet: str, refresh: Refresh, group: Group, wanted: Template | None) -> str:
    """One line: how far it is, how many old and new instances serve in each zone, and AWS's own words."""
    zones = sorted({instance.zone for instance in group.instances})
    counts: Counter[tuple[str, str]] = Counter()
    for instance in group.instances:
        if instance.in_service:
            counts[instance.zone, "new" if instance.template == wanted else "old"] += 1
    pending = sum(1 for instance in group.instances if instance.state.startswith("Pending"))
    spread = ", ".join(f"{zone} {counts[zone, 'old']} old {counts[zone, 'new']} new" for zone in zones)
    parts = [f"{fleet}: {refresh.status} {refresh.percentage}%", spread]
    if pending:
        parts.append(f"{pending} booting")
    if refresh.reason:
        parts.append(refresh.reason)
    return " | ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What a fleet serves, as its instances themselves said it: `{sha: number of instances in service}`.

    `unproved` counts instances in service that have said nothing. `joined` are those that the group has put into
    service, also where the balancer finds them ill; `booting` are those on their way there.
    """

    counts: dict[str, int]
    digests: dict[str, str]
    unproved: int
    wanted: int  # the group's desired capacity
    joined: int = 0
    booting: int = 0

    @property
    def missing(self) -> int:
        """How many instances the group has too few."""
        return max(0, self.wanted - sum(self.counts.values()))

    @property
    def is_empty(self) -> bool:
        """No instance is there, and none is wanted: what the fleet would serve nobody can say."""
        return not (self.wanted or self.joined or self.booting)

    def is_exactly(self, sha: str, digest: str) -> bool:
        """Every instance that should serve does, and serves that release and nothing else."""
        return self.all_prove(sha, digest) and not self.missing

    def all_prove(self, sha: str, digest: str) -> bool:
        """There are instances in service, and each of them serves that release; there may be too few."""
        only = self.counts == {sha: self.joined} and self.joined > 0
        return only and not self.unproved and all(found == digest for found in self.digests.values())

    def __str__(self) -> str:
        said = [f"{count} of {self.wanted} instances serve {sha}" for sha, count in sorted(self.counts.items())]
        if self.unproved:
            said.append(f"{self.unproved} have not said what they run")
        if self.is_empty:
            return "no instance, and none is wanted"
        return "; ".join(said) or f"none of {self.wanted} instances is in service"


def serving(group: Group, healthy_targets: Iterable[str], events: Iterable[BootEvent]) -> Serving:
    """What the instances that get requests reported when they had proved their release."""
    ready = {event.instance: event for event in events if event.event == "ready"}
    healthy = set(healthy_targets)
    in_service = [instance for instance in group.instances if instance.in_service and instance.id in healthy]
    proved = [ready[instance.id] for instance in in_service if instance.id in ready]
    return Serving(
        counts=dict(Counter(event.sha for event in proved)),
        digests={event.instance: event.digest for event in proved},
        unproved=len(in_service) - len(proved),
        wanted=group.desired,
        joined=sum(1 for instance in group.instances if instance.state == "InService"),
        booting=sum(1 for instance in group.instances if instance.state.startswith("Pending")),
    )


def _first_reason(failures: Sequence[BootEvent]) -> str:
    return f"{failures[0].instance}: {failures[0].reason}" if failures else ""


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
