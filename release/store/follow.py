"""Which release a stack takes that follows another one: the newest that was good there and is whole here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from release.store.event import Event
from release.store.good_releases import candidates

Lacking: TypeAlias = Callable[[Event], str]
"""Says what of an event's release is not there, or ""."""

_WORST_FIRST = {
    "rolled-back": "was rolled back",
    "failed": "its deploy failed",
    "cancelled": "its deploy was cancelled",
    "started": "its deploy had not ended",
    "unproved": "no instance had proved it",
}
"""Why a release is not good, by how its newest event in some fleet ends."""


@dataclass(frozen=True, kw_only=True)
class PassedOver:
    """A release that is newer than the chosen one, and why it was not chosen."""

    sha: str
    why: str

    def __str__(self) -> str:
        return f"{self.sha} was passed over: {self.why}"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The event whose release is taken, None if there is no such one; and what was passed over, newest first."""

    event: Event | None
    passed: Sequence[PassedOver]


def counted(followed: Iterable[Event], own: Iterable[Event]) -> list[Event]:
    """Return the events that say what was good: all of the followed stack, and of the own ones somebody's choices."""
    return [*followed, *(event for event in own if not event.followed)]


def choose(events: Sequence[Event], lacking: Lacking, *, stack: str, follows: str) -> Choice:
    """Return the newest release that was good in the stack that chose it, and of which nothing is lacking.

    They are asked for one after the other, newest first. What `lacking` raises passes through.
    """
    passed: dict[str, str] = {}
    chosen = None
    for found in candidates(events, stack=stack, follow=follows):
        if found.refused:
            continue
        lacks = lacking(found.event)
        if not lacks:
            chosen = found.event
            break
        passed[found.event.sha] = lacks
    newest = sorted(events, key=lambda event: event.order, reverse=True)
    shas = dict.fromkeys(event.sha for event in newest if chosen is None or event.order > chosen.order)
    return Choice(
        event=chosen,
        passed=[
            PassedOver(sha=sha, why=passed.get(sha) or _why(newest, sha))
            for sha in shas
            if chosen is None or sha != chosen.sha
        ],
    )


def _why(newest: Sequence[Event], sha: str) -> str:
    """Return why a release is not good, by the worst of what its fleets say last."""
    last: dict[tuple[str, str], Event] = {}
    for event in newest:
        if event.sha == sha:
            last.setdefault((event.stack, event.fleet), event)
    outcomes = {event.outcome: event for event in reversed(last.values())}
    worst = next((outcome for outcome in _WORST_FIRST if outcome in outcomes), None)
    if worst is None:
        return "an earlier deploy of it failed"
    return f"{_WORST_FIRST[worst]}{''.join(_details(outcomes[worst]))}"


def _details(event: Event) -> Iterator[str]:
    yield f" (fleet {event.fleet}, {event.when:%Y-%m-%d %H:%M} UTC"
    if event.reason:
        yield f": {event.reason.splitlines()[0][:200]}"
    yield ")"
