"""Which releases a stack takes where none is asked for: the good ones, wherever they were deployed. Pure.

A store may be shared by a stack and by others that follow it (`release.follow`): those are to replace it in another
region. Whoever deploys in one of them by SHA decides for all, so the stack takes that up when its region is back.
What a stack deployed because the followed one had it decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from release import names
from release.store.event import Event, judged


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A release that was good somewhere: the newest event that decided for it."""

    event: Event
    refused: Event | None = None
    """The event by which the stack itself found the release bad: it failed there, or was rolled back."""


def decides(event: Event, *, stack: str, follow: str | None = None) -> bool:
    """Return whether the event may say what `stack`, which follows `follow`, deploys."""
    if event.followed or (names.is_drill(event.stack) and event.stack != stack):
        return False
    return event.stack in (stack, follow) or event.follows == stack


def candidates(events: Iterable[Event], *, stack: str, follow: str | None = None) -> list[Candidate]:
    """Return the releases that were good, newest first, each once.

    Each stack's events say what was good there: a release that failed in one is not bad in another. Only a release that
    was bad in `stack` itself is `refused`, wherever it was good.
    """
    by_stack: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_stack[event.stack].append(event)
    by_name = {name: judged(found) for name, found in by_stack.items()}
    own_bad = by_name[stack].bad if stack in by_name else {}
    good = [event for each in by_name.values() for event in each.good if decides(event, stack=stack, follow=follow)]
    newest: dict[str, Event] = {}
    for event in sorted(good, key=lambda event: (event.order, event.stack, event.fleet), reverse=True):
        newest.setdefault(event.sha, event)
    return [Candidate(event=event, refused=own_bad.get(sha)) for sha, event in newest.items()]


def told(stack: str, chosen: Event, own: Event | None, passed_over: Iterable[Candidate]) -> list[str]:
    """Return what to tell whoever deploys `stack` without naming a release: `own` is its own last good one."""
    lines: list[str] = []
    for each in passed_over:
        if each.event.order > chosen.order and each.refused:
            how = "was rolled back" if each.refused.outcome == "rolled-back" else "failed"
            why = f"{each.refused.when:%Y-%m-%d %H:%M} UTC: {each.refused.reason or 'no reason is known'}"
            lines.append(f"{served(each.event)}, is passed over: in {stack} it {how} ({why})")
    if chosen.stack != stack:
        last = (
            f"{stack}'s own last good release was {own.sha}" if own else f"{stack} has had no good release of its own"
        )
        lines.append(f"deploying {served(chosen)}; {last}")
    return lines


def served(event: Event) -> str:
    """Return the event's release, where it served, and since when."""
    return f"{event.sha}, which {event.stack} served since {event.when:%Y-%m-%d %H:%M} UTC"
