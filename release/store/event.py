"""An event of the ledger: what it says, its JSON, and what follows from several of them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from typing import Annotated

from release.errors import LedgerError
from release.store import document
from release.store.document import Moment, Number, Unread, Whole, one_of
from release.text import clean, one_line

ACTIONS = ("deploy", "rollback")
OUTCOMES = ("started", "succeeded", "failed", "unproved", "rolled-back", "cancelled")
SCHEMA = 1
LIMIT_BYTES = 64 << 10
"""A larger object can't be an event, and is not read."""

_YEARS = range(2006, 9999)
"""From the year of S3's launch; the year 9999 would overflow in time zones behind UTC."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of a fleet's history. `seconds` and `requests_failed` are None if unknown."""

    at: Moment
    by: str
    stack: str
    fleet: str
    action: Annotated[str, one_of(*ACTIONS)]
    sha: str
    digest: str
    outcome: Annotated[str, one_of(*OUTCOMES)]
    image: str | None = None
    template_version: str | None = None
    seconds: Number | None = None
    requests_failed: Whole | None = None
    reason: str | None = None
    refresh_id: str | None = None
    follows: str | None = None
    """The stack that this one follows: the one that it is to replace."""
    followed: bool | None = None
    """Whether the release was that stack's last good one, and not somebody's choice."""
    caller: str | None = field(default=None, compare=False)
    """The writer's ARN, as AWS reports it (STS GetCallerIdentity); `by` is the name that the writer gives."""
    stored: Unread[datetime] = field(default=None, compare=False)
    """When S3 stored it; None until then."""
    stamp: Unread[datetime] = field(default=None, compare=False)

    @property
    def when(self) -> datetime:
        """When it happened: by S3's clock, which all events share, or else by the writer's."""
        return self.stored or self.at

    @property
    def order(self) -> tuple[datetime, datetime]:
        """The sort key of events."""
        return self.when, self.stamp or self.at

    @property
    def is_aside(self) -> bool:
        """Whether it only reports the outcome of an earlier event, and says nothing about what the fleet serves."""
        return self.outcome in ("rolled-back", "cancelled")


def last_good(events: Iterable[Event]) -> Event | None:
    """Return the newest successful deploy or rollback of a good release.

    A release is not good if one of several fleets failed to take it, or if it was rolled back by hand since. It stays
    good if it served and only a change of its settings (another template version) failed. Events that only say
    `started` or `unproved` count neither way.
    """
    return next(iter(judged(events).good), None)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the events of one stack say of its releases (see `last_good`)."""

    good: list[Event]
    """Every event by which a good release served, newest first."""
    bad: dict[str, Event]
    """By SHA, the newest event of each release that is not good and was tried."""


def judged(events: Iterable[Event]) -> Judged:
    """Return which releases were good and which were not."""
    newest = sorted(events, key=lambda event: (event.order, event.fleet), reverse=True)
    ends: dict[tuple[str, str, str, str | None], str] = {}
    seen: set[tuple[str, str, str]] = set()
    left: set[tuple[str, str, str]] = set()
    last: dict[str, Event] = {}
    for event in newest:
        fleet = (event.sha, event.stack, event.fleet)
        if event.outcome == "unproved":
            continue
        if event.outcome == "rolled-back" and fleet not in seen:
            left.add(fleet)
        seen.add(fleet)
        if event.outcome != "started":
            ends.setdefault((*fleet, event.template_version), event.outcome)
            last.setdefault(event.sha, event)
    served = {place[:3] for place, outcome in ends.items() if outcome == "succeeded"} - left
    bad = {sha for sha, *_ in seen - served}
    return Judged(
        good=[event for event in newest if event.sha not in bad and _served(event, ends)],
        bad={sha: event for sha, event in last.items() if sha in bad},
    )


def _served(event: Event, ends: Mapping[tuple[str, str, str, str | None], str]) -> bool:
    """Return whether the event says that a release served, and no later one says that this version failed."""
    place = (event.sha, event.stack, event.fleet, event.template_version)
    return event.outcome == "succeeded" and ends[place] == "succeeded"


def live(events: Iterable[Event]) -> dict[str, Event]:
    """Return the newest successful event of each fleet: a deploy that failed left its fleet as it was."""
    found: dict[str, Event] = {}
    for event in sorted(events, key=lambda event: event.order, reverse=True):
        if event.outcome == "succeeded":
            found.setdefault(event.fleet, event)
    return found


def to_json(event: Event) -> str:
    """Return the event as one line of JSON, its time with microseconds, without what only S3 knows of it."""
    at = event.at.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    unsaid = {name for name in ("follows", "followed") if getattr(event, name) is None}
    known = {name: value for name, value in asdict(event).items() if name not in {"stored", "stamp", *unsaid}}
    return json.dumps({"schema": SCHEMA, **known, "at": at}) + "\n"


def from_json(text: str | bytes, where: str) -> Event:
    """Return the event in `text`. Unknown keys are ignored; the first events had no schema.

    Raises LedgerError, which names `where` and every problem at once.
    """
    return document.read(Event, text, where=where, what="an event", schema=SCHEMA, limit=LIMIT_BYTES, error=LedgerError)


def checked(event: Event) -> Event:
    """Return the event with its text made safe to print. Raises LedgerError if Slipway can't have written it."""
    problems = [
        *([] if re.fullmatch(r"[0-9a-f]{40}", event.sha) else ["sha: must be 40 hex digits"]),
        *([] if re.fullmatch(r"\d{1,19}", event.template_version or "1", re.ASCII) else ["template_version"]),
        *([] if event.at.year in _YEARS else [f"at: must be a time since {_YEARS.start}"]),
    ]
    if problems:
        raise LedgerError(f"not an event: {'; '.join(problems)}")
    texts = {name: one_line(value) for name, value in asdict(event).items() if isinstance(value, str)}
    return replace(event, **{**texts, "reason": None if event.reason is None else clean(event.reason)})
