"""What was observed of a fleet, as plain values. Pure.

The statuses and their meanings are those of the EC2 Auto Scaling API (InstanceRefresh.Status).
"""

from __future__ import annotations

from dataclasses import dataclass

ACTIVE = frozenset({"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"})
ROLLING_FORWARD = frozenset({"Pending", "InProgress", "Baking"})


@dataclass(frozen=True, kw_only=True)
class Template:
    """A launch template version, as a group or an instance names it."""

    id: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Refresh:
    """An instance refresh, as DescribeInstanceRefreshes shows it. `percentage` is 0 to 100."""

    id: str
    status: str
    reason: str = ""
    rollback_reason: str = ""
    """Why AWS rolled it back. `reason` changes to what the rollback is waiting for."""
    percentage: int = 0
    template: Template | None = None
    started: float | None = None
    """Seconds since the epoch."""
    checkpoints: tuple[int, ...] = ()
    """The percentages at which it pauses."""

    @property
    def alarmed(self) -> bool:
        """Return whether AWS rolled it back because of an alarm."""
        return "alarm" in (self.rollback_reason or self.reason).lower()


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A member of a group. `state` is its LifecycleState; `health` is Healthy or Unhealthy."""

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
    """An Auto Scaling group: its template (not that of a refresh in progress), its size and its members."""

    name: str
    desired: int
    template: Template | None
    instances: tuple[Instance, ...]
    target_group_arns: tuple[str, ...] = ()
    largest: int = 0
    """The most instances that it may have."""
    least: int = 0
    """The fewest."""
    zones: int = 0
    """How many zones it is in."""
    posture: str = ""
    """What stands of its stack, as its tag tells (release/postures.py); "" if it has none."""
    balanced: bool = True
    """Whether a load balancer judges its instances; otherwise they are workers, which judge themselves."""


@dataclass(frozen=True, kw_only=True)
class DeployedFleet:
    """A fleet that exists in AWS, as the tags of its group describe it. `store` is the bucket of its releases."""

    name: str
    group: Group
    store: str
    log_group: str
    stack: str = ""
    posture: str = ""
    """What stands of its stack (release/postures.py); "" if the group does not tell."""
    size: str = ""
    """The bounds that the group has when its stack is active, as its tag tells."""


@dataclass(frozen=True, kw_only=True)
class BootEvent:
    """A line of a fleet's boot journal: what an instance reported about its boot."""

    instance: str
    event: str
    """`ready` or `failed`."""
    sha: str
    digest: str
    reason: str
    at: float
    """Seconds since the epoch."""
