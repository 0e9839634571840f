"""What a rollout of a fleet is to do, by its settings."""

from __future__ import annotations

from collections.abc import Sequence

from infra.settings import FleetSettings
from release import names, preferences
from release.postures import Size
from release.rollout.spec import RolloutSpec


def spec(
    fleet: FleetSettings,
    *,
    stack: str,
    sha: str,
    alarms: Sequence[str],
    supersede: bool,
    posture: str = "",
    size: Size | None = None,
) -> RolloutSpec:
    """Return what the fleet's rollout is to do; `alarms` are the names of those that roll it back.

    `posture` and `size`, the bounds, are those of a group that tells its posture.
    """
    rollout = fleet.rollout
    return RolloutSpec(
        fleet=fleet.name,
        group=names.group_name(stack, fleet.name),
        log_group=names.log_group_name(stack, fleet.name),
        sha=sha,
        preferences=preferences.rollout(
            min_healthy=rollout.min_healthy_percentage,
            max_healthy=rollout.max_healthy_percentage,
            warmup=rollout.warmup,
            bake=rollout.bake,
            alarms=alarms,
            checkpoints=rollout.checkpoints,
            checkpoint_delay=rollout.checkpoint_delay,
        ),
        timeout=rollout.timeout,
        boot_timeout=fleet.boot_timeout,
        alarm_wait=rollout.alarm_wait,
        hook=names.BOOT_HOOK,
        supersede=supersede,
        posture=posture,
        size=size,
    )
