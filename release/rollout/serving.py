"""What a fleet serves, by its instances' own word, and how far a rollout is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from release.rollout.observed import BootEvent, Group, Refresh, Template


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


def count(group: Group, healthy_targets: Iterable[str], events: Iterable[BootEvent]) -> Serving:
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
