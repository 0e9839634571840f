"""One pass over every group of every region."""

import logging
from typing import cast

from moto.autoscaling.models import autoscaling_backends

from sandbox.aws.autoscaling import capacity, lifecycle, rollout
from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.models import SandboxAutoScalingBackend
from sandbox.aws.state import Tick

log = logging.getLogger(__name__)
AFTER_AN_ERROR = 5.0


def advance(tick: Tick) -> None:
    """Takes all groups one step further."""
    for regions in list(autoscaling_backends.values()):
        for backend in list(regions.values()):
            for group in list(cast(SandboxAutoScalingBackend, backend).groups.values()):
                _try(group, tick)
                if group.status and not group.members:
                    cast(SandboxAutoScalingBackend, backend).forget(group)


def _try(group: Group, tick: Tick) -> None:
    try:
        advance_group(group, tick)
    except Exception:  # a group whose template or subnet is gone must not hold up all others
        log.exception("group %s", group.name)
        tick.at(tick.now + AFTER_AN_ERROR)


def advance_group(group: Group, tick: Tick) -> None:
    """Instances first, then the refresh if there is one, then the group's size."""
    for member in list(group.members):
        lifecycle.advance(group, member, tick)
    if group.status:
        return
    refresh = group.active_refresh
    plan = rollout.advance(group, refresh, tick) if refresh else None
    target = plan.target if plan else group.capacity
    ceiling = plan.ceiling if plan else group.capacity
    capacity.reconcile(group, tick, target=target, ceiling=ceiling)
