"""A fleet's rollout settings as RefreshPreferences of the Auto Scaling API. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.settings import RolloutSettings


def refresh_preferences(settings: RolloutSettings, alarms: Sequence[str]) -> dict[str, Any]:
    """What StartInstanceRefresh is asked for; `alarms` are the names of those that roll it back.

    Both percentages are explicit: left out, AWS terminates before it launches. Instances that are protected from
    scale in or on standby are replaced too: the default is to wait an hour for someone to release them.
    """
    preferences: dict[str, Any] = {
        "AutoRollback": True,
        "SkipMatching": True,
        "MinHealthyPercentage": settings.min_healthy_percentage,
        "MaxHealthyPercentage": settings.max_healthy_percentage,
        "InstanceWarmup": settings.warmup,
        "BakeTime": settings.bake,
        "AlarmSpecification": {"Alarms": list(alarms)},
        "ScaleInProtectedInstances": "Refresh",
        "StandbyInstances": "Terminate",
    }
    if settings.checkpoints:
        preferences["CheckpointPercentages"] = list(settings.checkpoints)
        preferences["CheckpointDelay"] = settings.checkpoint_delay
    return preferences
