"""What was observed of a fleet, as plain values. Pure.

The statuses and their meaning are those of the EC2 Auto Scaling API (InstanceRefresh.Status).
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


@dataclass(frozen=True, kw_only=True)
class DeployedFleet:
    """A fleet as its group's tags tell of it. `store` is the bucket of its releases."""

    name: str
    group: Group
    store: str
    log_group: str
