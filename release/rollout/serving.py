"""What a fleet serves according to its own instances, and the progress of a rollout. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from release.rollout.observed import BootEvent, Group, Refresh, Template


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What a fleet serves, as its instances reported it."""

    counts: dict[str, int]
    """By SHA, the number of instances in service."""
    digests: dict[str, str]
    """By instance, the digest of its artifact."""
    unproved: int
    """Instances in service that have reported nothing."""
    wanted: int
    """The group's desired capacity."""
    joined: int = 0
    """Instances that the group has put into service, including those that the load balancer finds unhealthy."""
    booting: int = 0

    @property
    def missing(self) -> int:
        """Return how many instances the group lacks."""
        return max(0, self.wanted - sum(self.counts.values()))

    @property
    def is_empty(self) -> bool:
        """Return whether there are no instances and none are wanted, so that nothing can tell what is served."""
        return not (self.wanted or self.joined or self.booting)

    def is_exactly(self, sha: str, digest: str) -> bool:
        """Return whether every instance that should serve does, and serves this release."""
        return self.all_prove(sha, digest) and not self.missing

    def all_prove(self, sha: str, digest: str) -> bool:
        """Return whether there are instances in service and all of them serve this release; some may be missing."""
        only = self.counts == {sha: self.joined} and self.joined > 0
        return only and not self.unproved and all(found == digest for found in self.digests.values())

    def __str__(self) -> str:
        said = [f"{count} of {self.wanted} instances serve {sha}" for sha, count in sorted(self.counts.items())]
        if self.unproved:
            said.append(f"{self.unproved} have not reported what they run")
        if self.is_empty:
            return "no instances, and none are wanted"
        return "; ".join(said) or f"none of {self.wanted} instances is in service"


def count(group: Group, healthy_targets: Iterable[str], events: Iterable[BootEvent]) -> Serving:
    """Return what the instances that receive requests reported when they had proved their release."""
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


def progress(fleet: str, refresh: Refresh, group: Group, wanted: Template | None, *, left: str = "") -> str:
    """Return one line: the percentage, how many old and new instances serve in each zone, and AWS's own words.

    `left` is how long it takes yet, in words.
    """
    zones = sorted({instance.zone for instance in group.instances})
    counts: Counter[tuple[str, str]] = Counter()
    for instance in group.instances:
        if instance.in_service:
            counts[instance.zone, "new" if instance.template == wanted else "old"] += 1
    pending = sum(1 for instance in group.instances if instance.state.startswith("Pending"))
    parts = [
        f"{fleet}: {refresh.status} {refresh.percentage}%",
        ", ".join(f"{zone} {counts[zone, 'old']} old {counts[zone, 'new']} new" for zone in zones),
        f"{pending} booting" if pending else "",
        left,
        refresh.reason,
    ]
    return " | ".join(part for part in parts if part)
