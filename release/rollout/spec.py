"""What one rollout is to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from release.postures import Size
from release.rollout.decide import Step


@dataclass(frozen=True, kw_only=True)
class RolloutSpec:
    """What one rollout of one fleet is to do. Times are in seconds."""

    fleet: str
    group: str
    log_group: str
    sha: str
    preferences: Mapping[str, Any]
    """RefreshPreferences of the Auto Scaling API."""
    timeout: float
    boot_timeout: int
    alarm_wait: float = 0
    """How long to wait for alarms to return to OK before starting."""
    hook: str | None = None
    """The launch lifecycle hook that gets the boot timeout first: the provider never changes a group's hooks."""
    supersede: bool = False
    """Whether to override someone else's rollout in progress, or a rollback by hand, instead of refusing."""
    late: Step = Step.ROLL_BACK
    """What to do after the timeout; FAILED stops waiting and leaves the refresh to AWS."""
    posture: str = ""
    """What the stack says that stands of it; "" if its groups do not tell."""
    size: Size | None = None
    """The bounds that the stack gives a group that tells its posture; None if it tells none."""

    @property
    def wants_none(self) -> bool:
        """Return whether the group is to have no instances: nothing is waited for, and nothing proves the release."""
        return self.size is not None and self.size.max == 0
