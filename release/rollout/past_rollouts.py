"""What the ledger's events say about past rollouts of one fleet. Events come newest first. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from release.store.event import ACTIONS, Event

DEPLOY, ROLLBACK = ACTIONS


def starts(events: Iterable[Event], refresh_ids: Collection[str]) -> Iterator[Event]:
    """Yield the events that say who started one of these refreshes."""
    return (event for event in events if event.outcome == "started" and event.refresh_id in refresh_ids)


def newest(events: Iterable[Event]) -> Event | None:
    """Return the newest event that says what the fleet has or is getting, or None."""
    return next((event for event in events if not event.is_aside), None)


def rolled_back(events: Iterable[Event], sha: str) -> Event | None:
    """Return the event that says that a release was rolled back by hand, unless it was deployed again since."""
    for event in events:
        if event.sha == sha and event.outcome == "rolled-back":
            return event
        if event.sha == sha and event.outcome in ("started", "succeeded"):
            return None
    return None


def is_settled(events: Sequence[Event], in_force: str | None) -> bool:
    """Return whether the fleet serves what it should, as far as the ledger knows: its last rollout did not fail.

    A release that nothing could prove, as in a fleet without instances, counts as settled if it is in force.
    """
    last = newest(events)
    if last and last.outcome == "unproved":
        return last.sha == in_force
    return last is None or last.outcome == "succeeded"
