"""Picks the one release that the fleets of a stack go back to (docs/adr/0005-what-a-rollback-goes-back-to.md). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from release.rollout.observed import ROLLING_FORWARD, Refresh
from release.rollout.past_rollouts import ROLLBACK, is_settled, starts
from release.store.event import Event, last_good


@dataclass(frozen=True, kw_only=True)
class FleetState:
    """What is known about a fleet before a rollback."""

    in_force: str | None
    """The SHA of the group's own template; None if it names none."""
    refresh: Refresh | None
    """The refresh in progress."""
    refreshing_to: str | None
    """The SHA of its template."""
    events: Sequence[Event]
    """The fleet's events in the ledger, newest first."""

    @property
    def is_rolling_forward(self) -> bool:
        return bool(self.refresh and self.refresh.status in ROLLING_FORWARD)


def choose(fleets: Sequence[FleetState]) -> str | None:
    """Return the SHA to go back to, or None if the ledger knows of no good one.

    A rollback in progress is resumed. If a rollout is in progress, has failed, or reached only some of the fleets, it
    is the last good release, which may be in force already; otherwise the good one before the one in force.
    """
    events = [event for fleet in fleets for event in fleet.events]
    forward = [fleet for fleet in fleets if fleet.is_rolling_forward]
    begun = starts(events, {fleet.refresh.id for fleet in forward if fleet.refresh})
    resumed = next((event.sha for event in begun if event.action == ROLLBACK), None)
    if resumed:
        return resumed
    in_force = {fleet.in_force for fleet in fleets if fleet.in_force}
    in_progress = any(fleet.refresh for fleet in fleets)
    if in_progress and len(in_force) == 1:
        return in_force.pop()
    settled = len(in_force) == 1 and all(is_settled(fleet.events, fleet.in_force) for fleet in fleets)
    left = in_force if settled and not in_progress else {fleet.refreshing_to for fleet in forward}
    good = last_good(event for event in events if event.sha not in left)
    return good.sha if good else None
