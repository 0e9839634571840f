"""The settings of how a fleet's instances are bought: on demand, or spot, which EC2 may take away. See stack.py."""

from __future__ import annotations

from typing import Annotated, Literal

from infra.settings.kinds import Otherwise, whole
from infra.settings.section import Section


class CapacitySettings(Section):
    """[Spot instances](deploy-day.md#mixed-capacity) beside a base that is on demand; without it, all are on demand."""

    on_demand_base: Annotated[int | None, whole(0, 10_000), Otherwise("`size.min`")] = None
    """How many instances are on demand before any is spot."""
    on_demand_percentage: Annotated[int, whole(0, 100, "percent")] = 0
    """The share of the others that is on demand too, rounded up."""
    spot_allocation: Literal["price-capacity-optimized", "capacity-optimized", "capacity-optimized-prioritized"] = (
        "price-capacity-optimized"
    )
    """Which of `instanceTypes` a spot instance is: by the least risk and the price, by the least risk alone, or by that
    and then by their order."""
