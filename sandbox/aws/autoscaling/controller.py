"""One pass over every group of every region."""

import logging
from collections.abc import Collection, Mapping
from typing import cast

from moto.autoscaling.models import autoscaling_backends

from sandbox.aws.autoscaling import capacity, lifecycle, refresh_driver, schedules
from sandbox.aws.autoscaling.group import Group
from sandbox.aws.autoscaling.models import SandboxAutoScalingBackend
from sandbox.aws.state import Tick, state

log = logging.getLogger(__name__)
AFTER_AN_ERROR = 5.0


def advance(tick: Tick, dark: Collection[str] = ()) -> None:
    """Take all groups one step further, but for those in regions that are `dark`."""
    for regions in list(autoscaling_backends.values()):
        for region, backend in list(regions.items()):
            if region in dark:
                continue
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
    """Advance the instances, then the refresh if there is one, then the group's size."""
    for member in list(group.members):
        lifecycle.advance(group, member, tick)
    if group.status:
        return
    _scheduled(group, tick)
    refresh = group.active_refresh
    step = refresh_driver.advance(group, refresh, tick) if refresh else None
    target = step.target if step else group.capacity
    ceiling = step.ceiling if step else group.capacity
    capacity.reconcile(group, tick, target=target, ceiling=ceiling)


def _scheduled(group: Group, tick: Tick) -> None:
    """Do what is due by the group's scheduled actions. What comes while they are suspended is not done later."""
    for action in schedules.due(list(group.scheduled.values()), tick):
        if not group.suspended("ScheduledActions"):
            _resize(group, action.sizes)


def _resize(group: Group, sizes: Mapping[str, int]) -> None:
    """Set the sizes that an action names, with the capacity within them; what contradicts itself is not done."""
    low, high = sizes.get("MinSize", int(group.min_size or 0)), sizes.get("MaxSize", int(group.max_size or 0))
    wanted = sizes.get("DesiredCapacity", min(max(group.capacity, low), high))
    if low <= wanted <= high:
        group.min_size, group.max_size, group.desired_capacity = low, high, wanted
        state.wake()
    else:
        log.warning("group %s: %s contradict its sizes", group.name, dict(sizes))
