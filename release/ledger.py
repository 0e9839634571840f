"""The ledger: what was deployed where, by whom, with what outcome; one object an event, never rewritten.

Keys ascend with time, and S3 lists upwards only, so the newest events are found by listing from a date on
(`StartAfter`), and from an earlier one only where that was not enough: the whole history is never listed for its end.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from release.clients import client as new_client
from release.clients import explained
from release.errors import LedgerError, StoreError
from release.manifest import Reader
from release.upload import ALREADY_THERE, put_new

ACTIONS = ("deploy", "rollback")
OUTCOMES = ("started", "succeeded", "failed", "rolled-back", "cancelled")

_WINDOWS = (timedelta(days=14), timedelta(days=120), None)
_READERS = 16


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of a fleet's history. `seconds` and `requests_failed` are None where they aren't known."""

    at: datetime
    by: str
    stack: str
    fleet: str
    action: str
    sha: str
    digest: str
    outcome: str
    image: str | None = None
    template_version: str | None = None
    seconds: float | None = None
    requests_failed: int | None = None
    reason: str | None = None
    refresh_id: str | None = None

    @property
    def is_aside(self) -> bool:
        """Whether it only tells what became of an earlier one, and not what the fleet has or is getting."""
        return self.outcome in ("rolled-back", "cancelled")


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(timezone.utc)


class Ledger:
    """The events of one bucket."""

    def __init__(self, bucket: str, client: Any = None, clock: Callable[[], datetime] = now) -> None:  # noqa: ANN401
        self.bucket = bucket
        self._s3 = new_client("s3") if client is None else client
        self._clock = clock

    def record(self, event: Event) -> str:
        """Add an event; its key. LedgerError for one that isn't well-formed, StoreError where it can't be put."""
        document = to_json(event)
        from_json(document, "event")
        for _ in range(3):
            key = f"{_prefix(event.stack, event.fleet)}{_stamp(event.at)}-{uuid.uuid4().hex[:8]}.json"
            with explained(f"put {key}", f"bucket {self.bucket}"):
                answer = put_new(self._s3, self.bucket, key, document.encode(), "application/json")
            if answer is not ALREADY_THERE:
                return key
        raise StoreError(f"bucket {self.bucket}: no free key for an event of {event.fleet} at {_stamp(event.at)}")

    def history(self, stack: str, fleet: str | None = None, limit: int = 20) -> list[Event]:
        """The newest events of a fleet, or of all fleets of the stack, newest first, at most `limit`."""
        fleets = [fleet] if fleet else self.fleets(stack)
        keys = [key for name in fleets for key in self._newest_keys(_prefix(stack, name), limit)]
        keys.sort(key=lambda key: key.rpartition("/")[2], reverse=True)
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(self._read, keys[:limit]))

    def stacks(self) -> list[str]:
        """The stacks that the ledger knows."""
        return self._folders("ledger/")

    def fleets(self, stack: str) -> list[str]:
        """The fleets that the ledger knows of a stack."""
        return self._folders(f"ledger/{stack}/")

    def _folders(self, prefix: str) -> list[str]:
        with explained("list the ledger", f"bucket {self.bucket}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
            found = [shared["Prefix"] for page in pages for shared in page.get("CommonPrefixes", [])]
        return [name.removeprefix(prefix).rstrip("/") for name in found]

    def last_good(self, stack: str, fleet: str | None = None) -> Event | None:
        """As the function `last_good`, over the newest events of a fleet or of the stack."""
        return self._search(stack, fleet, last_good)

    def live(self, stack: str) -> dict[str, Event]:
        """By fleet, the event that put there what serves now, as far as the ledger knows."""
        found = {fleet: self._search(stack, fleet, live) for fleet in self.fleets(stack)}
        return {fleet: event[fleet] for fleet, event in found.items() if event}

    def _search(self, stack: str, fleet: str | None, find: Callable[[list[Event]], Any]) -> Any:  # noqa: ANN401
        limit = 40
        while True:
            events = self.history(stack, fleet, limit)
            found = find(events)
            if found or len(events) < limit:
                return found or None
            limit *= 4

    def _newest_keys(self, prefix: str, limit: int) -> list[str]:
        keys: list[str] = []
        for window in _WINDOWS:
            keys = self._keys(prefix, self._clock() - window if window else None)
            if len(keys) >= limit:
                break
        return sorted(keys, reverse=True)[:limit]

    def _keys(self, prefix: str, since: datetime | None) -> list[str]:
        start = {"StartAfter": prefix + _stamp(since)} if since else {}
        with explained("list the ledger", f"bucket {self.bucket}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, **start)
            return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def _read(self, key: str) -> Event:
        with explained(f"read {key}", f"bucket {self.bucket}"):
            body: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return from_json(body, f"s3://{self.bucket}/{key}")


def last_good(events: Iterable[Event]) -> Event | None:
    """The newest deploy or rollback that succeeded of a release that no fleet ended badly with.

    Of several fleets, one may have taken a release that another did not: such a release is not good. Nor is one that
    was rolled back by hand since. A release whose changed settings failed is still good with those that it served with
    (another template version). What was only started says nothing.
    """
    newest = sorted(events, key=lambda event: (event.at, event.fleet), reverse=True)
    ends: dict[tuple[str, str, str, str | None], str] = {}
    seen: set[tuple[str, str, str]] = set()
    left: set[tuple[str, str, str]] = set()
    for event in newest:
        fleet = (event.sha, event.stack, event.fleet)
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
    for event in sorted(events, key=lambda event: event.at, reverse=True):
        if event.outcome == "succeeded":
            found.setdefault(event.fleet, event)
    return found


def to_json(event: Event) -> str:
    """The event as JSON, in one line; the time with microseconds."""
    stamp = event.at.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.dumps({**asdict(event), "at": stamp}) + "\n"


def from_json(text: str | bytes, where: str) -> Event:
    """The event that `text` is; LedgerError with every problem at once. Keys it doesn't know are left out."""
    try:
        reader = Reader(json.loads(text))
    except ValueError as error:
        raise LedgerError(f"{where}: not JSON ({error})") from None
    required: dict[str, Any] = {name: reader.take(name, str) for name in ("by", "stack", "fleet", "sha", "digest")}
    choices: dict[str, Any] = {
        "action": reader.take("action", str, _one_of(ACTIONS)),
        "outcome": reader.take("outcome", str, _one_of(OUTCOMES)),
    }
    optional: dict[str, Any] = {
        name: reader.take(name, kind) if reader.has(name) else None
        for name, kind in {
            "image": str,
            "template_version": str,
            "seconds": (int, float),
            "requests_failed": int,
            "reason": str,
            "refresh_id": str,
        }.items()
    }
    moment = reader.moment("at")
    if reader.problems:
        raise LedgerError(f"{where}: not an event: {'; '.join(reader.problems)}")
    return Event(at=moment, **required, **choices, **optional)


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str | None]:
    return lambda value: None if value in choices else f"must be one of {', '.join(choices)}, is {value!r}"


def _prefix(stack: str, fleet: str) -> str:
    return f"ledger/{stack}/{fleet}/"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
