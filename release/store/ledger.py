"""The ledger: what was deployed where, by whom and with what outcome. Each event is an object that is never rewritten.

Keys ascend with their writers' clocks and S3 lists in ascending order only, so the newest events are found by listing
from a date on (`StartAfter`), and from an earlier date only if those are too few. ledger_keys.py decides the order.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from release import names
from release.clients import client as new_client
from release.clients import code, explained
from release.errors import LedgerError, StoreError
from release.store import ledger_keys, listing
from release.store.actor import caller
from release.store.event import ACTIONS, LIMIT_BYTES, OUTCOMES, Event, checked, from_json, last_good, live, to_json
from release.store.good_releases import Candidate, candidates
from release.store.ledger_keys import Entry
from release.store.upload import ALREADY_THERE, put_new
from release.store.warning import warn_once
from release.text import one_line

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

__all__ = ["ACTIONS", "OUTCOMES", "Event", "Ledger", "from_json", "last_good", "live", "now", "to_json"]

_WINDOWS = (timedelta(days=14), timedelta(days=120))
_READERS = 16
_UNREADABLE = {"NoSuchKey", "404", "InvalidObjectState"}
"""Errors about one object, not the ledger: it has just been removed, or archived."""
_RECENT = 40
_DIGESTS = "ledger/.digests/"
"""An empty object for each digest that served, `<sha>/<digest>`: found without reading the history."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(timezone.utc)


class Ledger:
    """The events of one bucket.

    Objects that this version does not understand are left out, with a warning: they must not stop a deploy.
    """

    def __init__(
        self,
        bucket: str,
        client: S3Client | None = None,
        clock: Callable[[], datetime] = now,
        warn: Callable[[str], None] = warn_once,
    ) -> None:
        self.bucket = bucket
        self._s3 = new_client("s3") if client is None else client
        self._clock = clock
        self._warn = warn
        self._known: dict[str, Event | None] = {}  # no object is ever rewritten

    def record(self, event: Event) -> str:
        """Add an event; return its key. Raises LedgerError if it is malformed, StoreError if it can't be put."""
        event = checked(from_json(to_json(replace(event, caller=event.caller or caller(self._region))), "event"))
        folder = ledger_keys.prefix(event.stack, event.fleet)
        stamp = ledger_keys.stamp(ledger_keys.stamp_after(event.at, self._entries(folder, event.at)))
        for _ in range(3):
            key = f"{folder}{stamp}-{uuid.uuid4().hex[:8]}.json"
            with explained(f"put {key}", f"bucket {self.bucket}"):
                answer = put_new(self._s3, self.bucket, key, to_json(event).encode(), "application/json")
            if answer is not ALREADY_THERE:
                self._remember(event)
                return key
        raise StoreError(f"bucket {self.bucket}: no free key for an event of {event.fleet} at {stamp}")

    def _remember(self, event: Event) -> None:
        if event.outcome == "succeeded":
            key = f"{_DIGESTS}{event.sha}/{event.digest}"
            with explained(f"put {key}", f"bucket {self.bucket}"):
                put_new(self._s3, self.bucket, key, b"", "text/plain")

    def digests(self, sha: str, stack: str | None = None) -> set[str]:
        """Return the digests that have served under a SHA; if none was noted, those in the stack's newest events."""
        prefix = f"{_DIGESTS}{sha}/"
        with explained("list the ledger", f"bucket {self.bucket}"):
            found = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix, MaxKeys=100).get("Contents", [])
        if found or stack is None:
            digests = {item["Key"].removeprefix(prefix) for item in found}
            return {digest for digest in digests if _DIGEST.fullmatch(digest)}
        events = self.history(stack, limit=_RECENT)
        return {event.digest for event in events if event.sha == sha and event.outcome == "succeeded"}

    def history(self, stack: str, fleet: str | None = None, limit: int = 20) -> list[Event]:
        """Return the newest events of a fleet, or of all fleets of the stack, newest first, at most `limit`."""
        folders = [ledger_keys.prefix(stack, name) for name in ([fleet] if fleet else self.fleets(stack))]
        wanted = limit
        while True:
            found = self._newest(folders, wanted)
            with ThreadPoolExecutor(_READERS) as pool:
                events = [event for event in pool.map(self._read, found) if event]
            if len(events) >= limit or len(found) < wanted:
                return events[:limit]
            wanted *= 2  # some of them were left out

    def stacks(self) -> list[str]:
        """Return the stacks that have events, without those of drills, which are gone when these end."""
        named = self._folders("ledger/")
        return [name for name in named if not name.startswith(".") and not names.is_drill(name)]

    def fleets(self, stack: str) -> list[str]:
        """Return the fleets of a stack that have events."""
        return self._folders(f"ledger/{stack}/")

    def _folders(self, prefix: str) -> list[str]:
        with explained("list the ledger", f"bucket {self.bucket}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
            found = [shared["Prefix"] for page in pages for shared in page.get("CommonPrefixes", [])]
        return [name for each in found if (name := each.removeprefix(prefix).rstrip("/"))]

    def last_good(self, stack: str, fleet: str | None = None) -> Event | None:
        """Return the last good event (see event.py) of a fleet, or of the stack, or None."""
        return self._search(stack, fleet, last_good)

    def good(self, stack: str, follow: str | None = None) -> Iterator[Candidate]:
        """Yield the releases that were good, newest first, for a stack that follows `follow`: see good_releases.py.

        Older events are read only as far as the caller goes on.
        """
        named = dict.fromkeys([stack, *([follow] if follow else []), *self.followers(stack)])
        seen: set[str] = set()
        limit = _RECENT
        while True:
            with ThreadPoolExecutor(_READERS) as pool:
                found = list(pool.map(partial(self.history, limit=limit), named))
            for candidate in candidates((event for events in found for event in events), stack=stack, follow=follow):
                if candidate.event.sha not in seen:
                    seen.add(candidate.event.sha)
                    yield candidate
            if all(len(events) < limit for events in found):
                return
            limit *= 4

    def followers(self, stack: str) -> list[str]:
        """Return the stacks whose newest event says that they follow `stack`."""
        others = [name for name in self.stacks() if name != stack]
        with ThreadPoolExecutor(_READERS) as pool:
            newest = list(pool.map(partial(self.history, limit=1), others))
        return [name for name, events in zip(others, newest, strict=True) if events and events[0].follows == stack]

    def live(self, stack: str) -> dict[str, Event]:
        """Return, by fleet, the event whose release serves now, as far as the ledger knows."""
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

    @property
    def _region(self) -> str:
        return str(self._s3.meta.region_name)

    def _newest(self, folders: Iterable[str], limit: int) -> list[Entry]:
        return ledger_keys.newest((found for folder in folders for found in self._recent(folder, limit)), limit)

    def _recent(self, folder: str, limit: int) -> list[Entry]:
        """Return entries of a fleet that include its newest `limit`."""
        for window in _WINDOWS:
            since = self._clock() - window
            found = self._entries(folder, since)
            if ledger_keys.complete(found, since, limit):
                return found
        return self._entries(folder, None)

    def _entries(self, folder: str, since: datetime | None) -> list[Entry]:
        return listing.entries(
            self._s3, self.bucket, folder, since, lambda key: self._leave_out(key, "its name is not that of an event")
        )

    def _read(self, entry: Entry) -> Event | None:
        if entry.key not in self._known:
            self._known[entry.key] = self._understood(entry)
        return self._known[entry.key]

    def _understood(self, entry: Entry) -> Event | None:
        if entry.size > LIMIT_BYTES:
            return self._leave_out(entry.key, f"it has {entry.size} bytes")
        try:
            with explained(f"read {entry.key}", f"bucket {self.bucket}"):
                body: bytes = self._s3.get_object(Bucket=self.bucket, Key=entry.key)["Body"].read(LIMIT_BYTES + 1)
            event = checked(from_json(body, "it"))
        except LedgerError as error:
            return self._leave_out(entry.key, str(error))
        except StoreError as error:
            if not isinstance(error.__cause__, ClientError) or code(error.__cause__) not in _UNREADABLE:
                raise
            return self._leave_out(entry.key, str(error))
        if ledger_keys.prefix(event.stack, event.fleet) != entry.key[: entry.key.rindex("/") + 1]:
            return self._leave_out(entry.key, f"it belongs to stack {event.stack}, fleet {event.fleet}")
        return replace(event, stored=entry.time, stamp=entry.stamp)

    def _leave_out(self, key: str, why: str) -> None:
        self._warn(f"s3://{self.bucket}/{one_line(key, 300)} is left out of the ledger: {one_line(why, 500)}")
