"""What is kept beside the fleets' events: freezes, runs of the release phase, uses of the console. Never rewritten.

A note is an object below `ledger/.<kind>/<stack>/`, ordered as the ledger's events are (ledger_keys.py). No fleet or
stack is named with a dot, so no reader of events meets one.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from release.clients import explained
from release.errors import LedgerError, StoreError
from release.store import document, ledger_keys, listing
from release.store.actor import actor, caller
from release.store.document import Moment, Unread
from release.store.ledger_keys import Entry
from release.store.upload import ALREADY_THERE, put_new
from release.store.warning import warn_once
from release.text import clean, one_line

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SCHEMA = 1
LIMIT_BYTES = 64 << 10
"""A larger object can't be a note, and is not read."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """What somebody did to a stack: `what` is a word of its kind, such as `freeze` or `thaw`; `facts` are texts."""

    at: Moment
    by: str
    stack: str
    what: str
    reason: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    caller: str | None = None
    """The writer's ARN, as AWS reports it; `by` is the name that the writer gives."""
    stored: Unread[datetime] = field(default=None, compare=False)
    """When S3 stored it; None until then."""

    @property
    def when(self) -> datetime:
        """When it was: by S3's clock, or else by the writer's."""
        return self.stored or self.at


def note(stack: str, what: str, *, reason: str | None = None, **facts: str) -> Note:
    """Return a note of now, by whoever runs this."""
    at = datetime.now(timezone.utc)
    return Note(at=at, by=actor(os.environ), stack=stack, what=what, reason=reason, facts=facts)


class Notes:
    """The notes of one kind (`freezes`) in one bucket. What this version does not understand is left out, and said."""

    def __init__(self, bucket: str, kind: str, s3: S3Client) -> None:
        self.bucket = bucket
        self._kind = kind
        self._s3 = s3

    def add(self, note: Note) -> str:
        """Keep a note; return its key. Raises StoreError if it can't be put."""
        note = replace(note, caller=note.caller or caller(str(self._s3.meta.region_name)))
        folder = self._folder(note.stack)
        stamp = ledger_keys.stamp(
            ledger_keys.stamp_after(note.at, listing.entries(self._s3, self.bucket, folder, note.at))
        )
        key = f"{folder}{stamp}-{uuid.uuid4().hex[:8]}.json"
        with explained(f"put {key}", f"bucket {self.bucket}"):
            answer = put_new(self._s3, self.bucket, key, to_json(note).encode(), "application/json")
        if answer is ALREADY_THERE:
            raise StoreError(f"bucket {self.bucket}: {key} is there already; run the same command again")
        return key

    def newest(self, stack: str, limit: int = 1) -> list[Note]:
        """Return the stack's newest notes, newest first, at most `limit`."""
        found: list[Note] = []
        there = listing.entries(self._s3, self.bucket, self._folder(stack))
        for entry in sorted(there, key=lambda entry: entry.order, reverse=True):
            if len(found) == limit:
                break
            if kept := self._read(entry, stack):
                found.append(kept)
        return found

    def _folder(self, stack: str) -> str:
        return f"ledger/.{self._kind}/{stack}/"

    def _read(self, entry: Entry, stack: str) -> Note | None:
        try:
            if entry.size > LIMIT_BYTES:
                raise LedgerError(f"it has {entry.size} bytes")
            with explained(f"read {entry.key}", f"bucket {self.bucket}"):
                body: bytes = self._s3.get_object(Bucket=self.bucket, Key=entry.key)["Body"].read(LIMIT_BYTES + 1)
            found = from_json(body, "it")
            if found.stack != stack:
                raise LedgerError(f"it belongs to stack {found.stack}")
        except LedgerError as error:
            warn_once(f"s3://{self.bucket}/{one_line(entry.key, 300)} is left out: {one_line(str(error), 500)}")
            return None
        return replace(found, stored=entry.time)


def to_json(note: Note) -> str:
    """Return the note as one line of JSON."""
    at = note.at.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    known = {name: value for name, value in asdict(note).items() if name != "stored"}
    return json.dumps({"schema": SCHEMA, **known, "at": at}) + "\n"


def from_json(text: str | bytes, where: str) -> Note:
    """Return the note in `text`, its texts made safe to print. Raises LedgerError, with every problem at once."""
    found = document.read(Note, text, where=where, what="a note", schema=SCHEMA, limit=LIMIT_BYTES, error=LedgerError)
    return replace(
        found,
        by=one_line(found.by),
        what=one_line(found.what),
        reason=None if found.reason is None else clean(found.reason),
        facts={one_line(name): clean(value) for name, value in found.facts.items()},
        caller=None if found.caller is None else one_line(found.caller),
    )
