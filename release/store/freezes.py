"""Freezes: nobody deploys to a stack until a moment or until somebody thaws it. Kept as notes beside the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from release import expiry
from release.moments import written
from release.store.notes import Note, Notes, note

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KIND = "freezes"
FREEZE, THAW, INSISTED = "freeze", "thaw", "insisted"
_UNTIL = "until"
_LOOKED_AT = (10, 100, 1000)
"""How many of the newest notes are looked at: all but freezes and thaws are passed over."""


@dataclass(frozen=True, kw_only=True)
class Freeze:
    """A freeze that was not thawed. It may be over: `until` is its end, None if only a thaw ends it."""

    by: str
    since: datetime
    reason: str
    until: datetime | None
    caller: str | None = None

    def is_over(self, now: datetime) -> bool:
        """Return whether its end has come."""
        return self.until is not None and self.until <= now

    def __str__(self) -> str:
        """Return who froze it, since when, until when and why, in one line."""
        end = f"until {written(self.until)}" if self.until else "until somebody thaws it"
        return f"frozen by {self.by} since {written(self.since)}, {end}: {self.reason}"


class Freezes:
    """The freezes of the stacks of one store."""

    def __init__(self, bucket: str, s3: S3Client) -> None:
        self._notes = Notes(bucket, KIND, s3)

    def last(self, stack: str) -> Freeze | None:
        """Return the stack's newest freeze unless it was thawed; it may be over. Raises StoreError."""
        for limit in _LOOKED_AT:
            notes = self._notes.newest(stack, limit)
            decisive = [each for each in notes if each.what in (FREEZE, THAW)]
            if decisive or len(notes) < limit:
                return _freeze(decisive)
        return None

    def freeze(self, stack: str, reason: str, until: datetime | None) -> Freeze:
        """Freeze the stack, and return the freeze. Raises StoreError if it can't be kept."""
        facts = {_UNTIL: expiry.write(until)} if until else {}
        made = note(stack, FREEZE, reason=reason, **facts)
        self._notes.add(made)
        return _of(made)

    def thaw(self, stack: str, reason: str | None = None) -> None:
        """Thaw the stack. Raises StoreError if that can't be kept."""
        self._notes.add(note(stack, THAW, reason=reason))

    def insisted(self, stack: str, freeze: Freeze, sha: str) -> None:
        """Keep that somebody deploys in spite of a freeze. Raises StoreError if that can't be kept."""
        self._notes.add(note(stack, INSISTED, sha=sha, freeze=str(freeze)))


def _freeze(decisive: Sequence[Note]) -> Freeze | None:
    return _of(decisive[0]) if decisive and decisive[0].what == FREEZE else None


def _of(kept: Note) -> Freeze:
    """Return the freeze that a note tells of. One whose end can't be read has none: it stands until it is thawed."""
    until = expiry.read(kept.facts.get(_UNTIL, ""))
    return Freeze(by=kept.by, since=kept.when, reason=kept.reason or "no reason given", until=until, caller=kept.caller)
