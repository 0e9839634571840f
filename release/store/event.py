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
"""What is larger is no event, and is not read."""

_YEARS = range(2006, 9999)
"""Since there is S3; the last one overflows in the time zones behind UTC."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of a fleet's history. `seconds` and `requests_failed` are None where they aren't known."""

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
    caller: str | None = field(default=None, compare=False)
    """The ARN that AWS knows the writer by (STS GetCallerIdentity); `by` is what the writer says."""
    stored: Unread[datetime] = field(default=None, compare=False)
    """When S3 stored it; None for one that isn't there yet."""
    stamp: Unread[datetime] = field(default=None, compare=False)

    @property
    def when(self) -> datetime:
        """When it happened, by one clock for all of them where it is known."""
        return self.stored or self.at

    @property
    def order(self) -> tuple[datetime, datetime]:
        """What events are sorted by."""
        return self.when, self.stamp or self.at

    @property
    def is_aside(self) -> bool:
        """Whether it only tells what became of an earlier one, and not what the fleet has or is getting."""
        return self.outcome in ("rolled-back", "cancelled")


def last_good(events: Iterable[Event]) -> Event | None:
    """The newest deploy or rollback that succeeded of a release that no fleet ended badly with.

    Of several fleets, one may have taken a release that another did not: such a release is not good. Nor is one that
    was rolled back by hand since. A release whose changed settings failed is still good with those that it served with
    (another template version). What was only started says nothing, and neither does what could not be proved.
    """
    newest = sorted(events, key=lambda event: (event.order, event.fleet), reverse=True)
    ends: dict[tuple[str, str, str, str | None], str] = {}
    seen: set[tuple[str, str, str]] = set()
    left: set[tuple[str, str, str]] = set()
    for event in newest:
        fleet = (event.sha, event.stack, event.fleet)
        if event.outcome == "unproved":
            continue
        if event.outcome == "rolled-back" and fleet not in seen:
            left.add(fleet)
        seen.add(fleet)
        if event.outcome != "started":
            ends.setdefault((*fleet, event.template_version), event.outcome)
    served = {place[:3] for place, outcome in ends.items() if outcome == "succeeded"} - left
    bad = {sha for sha, *_ in seen - served}
    return next((event for event in newest if event.sha not in bad and _served(event, ends)), None)


def _served(event: Event, ends: Mapping[tuple[str, str, str, str | None], str]) -> bool:
    """Whether it says that a release served, and nothing since says that this version of it did not."""
    place = (event.sha, event.stack, event.fleet, event.template_version)
    return event.outcome == "succeeded" and ends[place] == "succeeded"


def live(events: Iterable[Event]) -> dict[str, Event]:
    """By fleet, the newest event that succeeded: a deploy that failed left the fleet as it was."""
    found: dict[str, Event] = {}
    for event in sorted(events, key=lambda event: event.order, reverse=True):
        if event.outcome == "succeeded":
            found.setdefault(event.fleet, event)
    return found


def to_json(event: Event) -> str:
    """The event as JSON, in one line; the time with microseconds. Where S3 has it is no part of it."""
    at = event.at.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    known = {name: value for name, value in asdict(event).items() if name not in ("stored", "stamp")}
    return json.dumps({"schema": SCHEMA, **known, "at": at}) + "\n"


def from_json(text: str | bytes, where: str) -> Event:
    """Return the event that `text` is; keys that it doesn't know are left out, and the first events had no schema.

    Raises LedgerError with every problem at once, below `where`.
    """
    return document.read(Event, text, where=where, what="an event", schema=SCHEMA, limit=LIMIT_BYTES, error=LedgerError)


def checked(event: Event) -> Event:
    """The event with its text fit to be shown. LedgerError where it can be none of ours."""
    problems = [
        *([] if re.fullmatch(r"[0-9a-f]{40}", event.sha) else ["sha: must be 40 hex digits"]),
        *([] if re.fullmatch(r"\d{1,19}", event.template_version or "1", re.ASCII) else ["template_version"]),
        *([] if event.at.year in _YEARS else [f"at: must be a time since {_YEARS.start}"]),
    ]
    if problems:
        raise LedgerError(f"not an event: {'; '.join(problems)}")
    texts = {name: one_line(value) for name, value in asdict(event).items() if isinstance(value, str)}
    return replace(event, **{**texts, "reason": None if event.reason is None else clean(event.reason)})
