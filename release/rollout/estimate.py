"""How long a rollout takes yet, by how long the last ones of its fleet took. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from release.rollout.live import ACTIVATED
from release.rollout.past_rollouts import DEPLOY
from release.store.event import Event

LAST = 5
"""Rollouts of a fleet by whose median its next one is estimated."""
_NEARLY = 30
"""Seconds; what is left of an estimate below that is within its error."""
ACTIVATION = "activation"
"""Beside the ledger's actions: that `release activate` brought a fleet up, which is no rollout."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """How long the last successful rollouts of a fleet took: their median in seconds, and how many they were."""

    seconds: float
    rollouts: int


def took(events: Sequence[Event], kind: str = DEPLOY) -> Took | None:
    """Return how long the newest successful rollouts took, by the ledger's events of one fleet, newest first.

    `kind` is DEPLOY, ROLLBACK or ACTIVATION: a rollback neither bakes nor pauses. A fleet that is made is not rolled
    out: its event has no start.
    """
    seconds = [
        event.seconds
        for index, event in enumerate(events)
        if event.outcome == "succeeded" and event.seconds is not None and _began(event, events[index + 1 :]) == kind
    ][:LAST]
    return Took(seconds=statistics.median(seconds), rollouts=len(seconds)) if seconds else None


def _began(event: Event, before: Sequence[Event]) -> str | None:
    """Return the kind of what led to a success, by its start among the events before it; None if it has none."""
    same = (event.action, event.sha, event.template_version)
    starts = (start for start in before if start.outcome == "started")
    start = next((start for start in starts if (start.action, start.sha, start.template_version) == same), None)
    if start is None:
        return None
    return ACTIVATION if start.reason and start.reason.startswith(ACTIVATED) else start.action


def left(took: Took | None, elapsed: float) -> str:
    """Return how long it takes yet: `about 3 min left`; "" if nothing of the kind has ended well before.

    It changes at most once in half a minute, so that a log in which each change is a line stays readable.
    """
    if took is None:
        return ""
    rest = took.seconds - elapsed
    if rest > _NEARLY:
        return f"{roughly(_NEARLY * round(rest / _NEARLY))} left"
    if rest > -max(_NEARLY, took.seconds / 4):
        return "nearly there"
    before = "the last one" if took.rollouts == 1 else f"the last {took.rollouts}"
    return f"longer than {before} ({roughly(took.seconds)})"


def waited(elapsed: float, most: float) -> str:
    """Return how long it has been waited for, where there is nothing to estimate by: `30 s of at most 840 s`."""
    return f"{_NEARLY * int(elapsed / _NEARLY)} s of at most {most:.0f} s"


def roughly(seconds: float) -> str:
    """Return an estimate: `about 40 s`, `about 14 min`, `about 2 h 10 min`."""
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"about {minutes} min"
    hours, rest = divmod(10 * round(minutes / 10), 60)
    return f"about {hours} h {rest} min" if rest else f"about {hours} h"
