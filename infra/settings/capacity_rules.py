"""Checks that spot instances leave what a rollout promises. Pure.

Sources: EC2 Auto Scaling user guide, "Auto Scaling groups with multiple instance types and purchase options" (a group
that gets no spot instance launches none on demand in its stead) and "Warm pools".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.settings.fleet import FleetSettings

WARM_POOL = (
    "is not offered: an instance of a warm pool boots once to be stopped and again to serve, with the release that was "
    "current when it was first started, so what it proved at its boot is not what it serves; set a higher size.min, or "
    "scaling.schedule for known peaks, and remove this"
)
"""Why there are no warm pools; ADR 0024."""


def refused(path: tuple[int | str, ...]) -> str:
    """Return why a setting that is none is not offered, or "" where it is just unknown."""
    return WARM_POOL if path[:1] == ("fleets",) and path[-1] in ("warmPool", "warm_pool") else ""


def problems(fleet: FleetSettings, sound: Callable[..., bool]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a fleet's capacity, by paths below the fleet."""
    distribution = fleet.distribution
    if distribution is None or not sound("capacity", "size"):
        return
    size, least = fleet.size, fleet.rollout.min_healthy_percentage
    if size.min and least and not distribution.on_demand(size.min) and sound("rollout.minHealthyPercentage"):
        yield (
            "capacity.onDemandBase",
            f"must be at least 1, or onDemandPercentage, with rollout.minHealthyPercentage {least}: EC2 may take all "
            f"spot instances at once and launches none on demand in their stead, so none is sure to stay in service; "
            "or set rollout.minHealthyPercentage to 0 for a fleet that may be gone for a time",
        )
    if distribution.on_demand(size.max) == size.max:
        yield (
            "capacity",
            f"has no effect: all of up to size.max ({size.max}) instances are on demand (onDemandBase is "
            f"{distribution.base}, onDemandPercentage {distribution.percentage}); lower them, or remove capacity",
        )
