"""What is kept of a maintenance: that somebody put a stack into it, with which page, and that it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from release.maintenance.page import Page
from release.moments import written
from release.store.notes import Notes, note

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KIND = "maintenance"
ON, OFF = "on", "off"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What clients are to get, who is let through, and why."""

    page: Page
    allow: Sequence[str] = ()
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Maintenance(Wanted):
    """A maintenance that goes on."""

    by: str
    since: datetime

    def __str__(self) -> str:
        """Return who put the stack into it, since when, for whom not and why, in one line."""
        but = f", but for {', '.join(self.allow)}" if self.allow else ""
        why = f": {self.reason}" if self.reason else ""
        return f"in maintenance by {self.by} since {written(self.since)}{but}{why}"


class Record:
    """The maintenances of the stacks of one store. All methods raise StoreError."""

    def __init__(self, bucket: str, s3: S3Client) -> None:
        self._notes = Notes(bucket, KIND, s3)

    def current(self, stack: str) -> Maintenance | None:
        """Return the stack's maintenance, None if there is none."""
        newest = next(iter(self._notes.newest(stack)), None)
        if newest is None or newest.what != ON:
            return None
        page = Page(body=newest.facts.get("page") or Page().body, type=newest.facts.get("type") or Page().type)
        allow = newest.facts.get("allow", "").split()
        return Maintenance(by=newest.by, since=newest.when, page=page, allow=allow, reason=newest.reason)

    def begun(self, stack: str, wanted: Wanted) -> None:
        """Keep that it is on."""
        facts = {"page": wanted.page.body, "type": wanted.page.type, "allow": " ".join(wanted.allow)}
        self._notes.add(note(stack, ON, reason=wanted.reason, **facts))

    def ended(self, stack: str) -> None:
        """Keep that it is over."""
        self._notes.add(note(stack, OFF))
