"""RefreshPreferences of the Auto Scaling API: how a group replaces its instances. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from release import defaults

ALWAYS: Mapping[str, Any] = {
    "AutoRollback": True,
    "SkipMatching": True,
    "MinHealthyPercentage": defaults.MIN_HEALTHY,
    "MaxHealthyPercentage": defaults.MAX_HEALTHY,
    "ScaleInProtectedInstances": "Refresh",
    "StandbyInstances": "Terminate",
}
"""What a rollback asks for, too, which knows no settings.

Both percentages are explicit: without them, AWS terminates before it launches. Instances that are protected from
scale-in or on standby are replaced too: by default AWS waits an hour for someone to release them.
"""


def rollout(
    *,
    min_healthy: int,
    max_healthy: int,
    warmup: int,
    bake: int,
    alarms: Sequence[str],
    checkpoints: Sequence[int],
    checkpoint_delay: int,
) -> dict[str, Any]:
    """Return what `pulumi up` asks for.

    Times are in seconds, `checkpoints` in percent; `alarms` are the names of those that roll it back. The API refuses
    a delay without checkpoints.
    """
    asked = {
        **ALWAYS,
        "MinHealthyPercentage": min_healthy,
        "MaxHealthyPercentage": max_healthy,
        "InstanceWarmup": warmup,
        "BakeTime": bake,
        "AlarmSpecification": {"Alarms": list(alarms)},
    }
    if not checkpoints:
        return asked
    return {**asked, "CheckpointPercentages": list(checkpoints), "CheckpointDelay": checkpoint_delay}
