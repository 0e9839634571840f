"""What one rollout is to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from release.rollout.decide import Step


@dataclass(frozen=True, kw_only=True)
class RolloutSpec:
    """What one rollout is to do. Times are in seconds; `preferences` is RefreshPreferences of the API."""

    fleet: str
    group: str
    log_group: str
    sha: str
    preferences: Mapping[str, Any]
    timeout: float
    boot_timeout: int
    alarm_wait: float = 0
    """Seconds that alarms which are on before a rollout have to clear."""
    hook: str | None = None
    """The launch lifecycle hook to give the boot timeout before a rollout; the provider never changes a group's."""
    supersede: bool = False
    """Whether what someone else did (a rollout under way, a rollback by hand) gives way, instead of being refused."""
    late: Step = Step.ROLL_BACK
    """What to do after the timeout: FAILED leaves it to AWS."""
