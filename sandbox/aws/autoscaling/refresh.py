"""An instance refresh: what was asked for, how far it is, and how the API tells it."""

import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow

from sandbox.aws.autoscaling.configuration import Configuration
from sandbox.aws.state import Tick

ACTIVE = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """RefreshPreferences with its defaults; percentages are whole, times are seconds."""

    min_healthy: int = 90
    max_healthy: int | None = None
    warmup: int = 0
    skip_matching: bool = False
    auto_rollback: bool = False
    alarms: tuple[str, ...] = ()
    bake_time: int = 0
    checkpoints: tuple[int, ...] = ()
    checkpoint_delay: int = 3600
    protected: str = "Wait"
    standby: str = "Wait"

    def describe(self) -> dict[str, Any]:
        """Return the API's shape."""
        shape: dict[str, Any] = {
            "MinHealthyPercentage": self.min_healthy,
            "InstanceWarmup": self.warmup,
            "SkipMatching": self.skip_matching,
            "AutoRollback": self.auto_rollback,
            "BakeTime": self.bake_time,
            "ScaleInProtectedInstances": self.protected,
            "StandbyInstances": self.standby,
        }
        if self.max_healthy is not None:
            shape["MaxHealthyPercentage"] = self.max_healthy
        if self.alarms:
            shape["AlarmSpecification"] = {"Alarms": list(self.alarms)}
        if self.checkpoints:
            shape["CheckpointPercentages"] = list(self.checkpoints)
            shape["CheckpointDelay"] = self.checkpoint_delay
        return shape


@dataclass
class Progress:
    """How many instances there are to update, and how many of them are."""

    needed: int = 0
    updated: int = 0

    @property
    def remaining(self) -> int:
        return max(0, self.needed - self.updated)

    @property
    def percentage(self) -> int:
        return 100 * min(self.updated, self.needed) // self.needed if self.needed else 100


_EVENTS = {
    "Successful": "Succeeded",
    "Failed": "Failed",
    "Cancelled": "Cancelled",
    "RollbackSuccessful": "Rollback Succeeded",
    "RollbackFailed": "Rollback Failed",
}
"""How EventBridge names the ends of a refresh (user guide, "Instance refresh example events and patterns")."""


@dataclass
class Refresh:
    """One instance refresh of one group. `previous` is the group's configuration when it began."""

    group_name: str
    preferences: Preferences
    desired: Configuration | None
    previous: Configuration
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "Pending"
    reason: str | None = None
    started: datetime = field(default_factory=utcnow)
    ended: datetime | None = None
    progress: Progress = field(default_factory=Progress)
    rollback: dict[str, Any] | None = None
    progressed_at: float = 0.0
    ready: int = 0
    baking_until: float | None = None
    checkpoint_until: float | None = None
    checkpoints_passed: int = 0
    wait_for_transitions: bool = True
    told: Callable[[str, str], None] | None = None
    """Is told how it goes on, by the name that EventBridge has for that, and its own id."""

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def rolling_back(self) -> bool:
        return self.rollback is not None

    @property
    def launching(self) -> Configuration:
        """Return what instances are launched from while this refresh is active."""
        if self.rolling_back or self.status == "Cancelling" or self.desired is None:
            return self.previous
        return self.desired

    @property
    def marker(self) -> str:
        """Return the mark of instances that came with this refresh, or with its rollback."""
        return f"{self.id}/rollback" if self.rolling_back else self.id

    def begin_rollback(self, reason: str, now: float) -> None:
        """Turn back: replace again what was replaced, with the configuration from before."""
        self.rollback = {
            "RollbackReason": reason[:1023],
            "RollbackStartTime": utcnow(),
            "PercentageCompleteOnRollback": self.progress.percentage,
            "InstancesToUpdateOnRollback": self.progress.remaining,
        }
        self.status, self.reason = "RollbackInProgress", reason
        self._tell("Rollback Started")
        self.progressed_at, self.baking_until, self.checkpoint_until, self.ready = now, None, None, 0

    def note(self, needed: int, ready: int, old: int, now: float) -> None:
        """Record the progress: `ready` of `needed` instances are updated, `old` ones are left.

        During a rollback the percentage goes back to zero as the instances that had been updated go.
        """
        if ready > self.ready:
            self.progressed_at = max(now, self.progressed_at)
        self.ready = max(self.ready, ready)  # one that comes and goes is no progress
        if self.rolling_back:
            self.progress = Progress(self.progress.needed, min(self.progress.updated, old))
        else:
            self.progress = Progress(needed, min(needed, ready))

    def pass_checkpoint(self, needed: int, tick: Tick) -> tuple[int, bool]:
        """Return how many new instances there may be now, and whether only the last checkpoint is left."""
        percentages = self.preferences.checkpoints
        if self.rolling_back or not percentages:
            return needed, True
        while self.checkpoints_passed < len(percentages) - 1:
            limit = math.ceil(needed * percentages[self.checkpoints_passed] / 100)
            if self.progress.updated < limit:
                return limit, False
            following = percentages[self.checkpoints_passed + 1 : -1][:1]
            if following and self.progress.updated >= math.ceil(needed * following[0] / 100):
                self.checkpoints_passed += 1  # one instance may pass several: only the last of them is waited at
                continue
            if self.checkpoint_until is None:
                self.checkpoint_until = tick.now + self.preferences.checkpoint_delay
            if tick.now < self.checkpoint_until:
                tick.at(self.checkpoint_until)
                self.progressed_at = self.checkpoint_until
                return limit, False
            self.checkpoint_until = None
            self.checkpoints_passed += 1
        return math.ceil(needed * percentages[-1] / 100), True

    def end(self, status: str, reason: str | None = None) -> None:
        """End the refresh."""
        self.status, self.ended = status, utcnow()
        self.reason = reason
        self._tell(_EVENTS[status])

    def start(self, now: float) -> None:
        """Start to replace."""
        self.status, self.progressed_at = "InProgress", now
        self._tell("Started")

    def _tell(self, event: str) -> None:
        if self.told:
            self.told(event, self.id)

    def describe(self) -> dict[str, Any]:
        """Return the API's shape `InstanceRefresh`."""
        shape: dict[str, Any] = {
            "InstanceRefreshId": self.id,
            "AutoScalingGroupName": self.group_name,
            "Status": self.status,
            "StatusReason": self.reason,
            "StartTime": self.started,
            "EndTime": self.ended,
            "PercentageComplete": self.progress.percentage,
            "InstancesToUpdate": self.rollback["InstancesToUpdateOnRollback"]
            if self.rollback
            else self.progress.remaining,
            "Preferences": self.preferences.describe(),
            "DesiredConfiguration": self.desired.describe() if self.desired else None,
            "RollbackDetails": self.rollback,
            "Strategy": "Rolling",
        }
        if self.status == "Pending":
            del shape["PercentageComplete"], shape["InstancesToUpdate"]
        return {key: value for key, value in shape.items() if value is not None}
