"""The ledger's keys, and the order of its events: by S3's clock, not by the clocks of their writers. Pure.

S3 sets `LastModified` when it stores an object; a replica keeps the time of its original (S3 User Guide, "Lifecycle
configuration and object replicas"). Listings have it to the second. Within a second the stamps in the keys decide: each
writer makes its own later than any that is already there (`stamp_after`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

SKEW = timedelta(minutes=15)
"""How far a clock may be off: S3 refuses requests signed by one that is further off (RequestTimeTooSkewed)."""

_KEY = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-[0-9A-Za-z]{1,64}\.json", re.ASCII)
_FORM = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An event's object as listed: `size` in bytes, `stamp` by its writer's clock, `time` by which it is ordered."""

    key: str
    size: int
    time: datetime
    stamp: datetime

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """The sort key of entries."""
        return self.time, self.stamp, self.key


def prefix(stack: str, fleet: str) -> str:
    """Return the prefix of the keys of a fleet's events."""
    return f"ledger/{stack}/{fleet}/"


def stamp(moment: datetime) -> str:
    """Return a moment in the form of keys, which sorts by time."""
    utc = moment.astimezone(timezone.utc)
    return f"{utc.year:04}{utc:%m%dT%H%M%S.%fZ}"  # %Y has no leading zeros on every platform


def entry(key: str, folder: str, size: int, stored: datetime) -> Entry | None:
    """Return the entry of an object below `folder`, or None if its key is not an event's."""
    named = _KEY.fullmatch(key.removeprefix(folder))
    if named is None or not key.startswith(folder):
        return None
    try:
        stamped = datetime.strptime(named[1], _FORM).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    # An object stored long after its stamp was copied here by hand; S3's time is then that of the copy.
    copied = stored - stamped > SKEW
    return Entry(key=key, size=size, time=stamped if copied else stored, stamp=stamped)


def newest(entries: Iterable[Entry], limit: int) -> list[Entry]:
    """Return the newest entries, newest first, at most `limit`."""
    return sorted(entries, key=lambda found: found.order, reverse=True)[:limit]


def complete(entries: Iterable[Entry], since: datetime, limit: int) -> bool:
    """Return whether all of the newest `limit` are among these, which are those with a stamp after `since`.

    An entry with an earlier stamp may be newer than it says, by as much as clocks may be off.
    """
    return sum(found.time - since > SKEW for found in entries) >= limit


def stamp_after(moment: datetime, there: Sequence[Entry]) -> datetime:
    """Return the stamp for an event at `moment`, by its writer's clock, that is later than those already there."""
    near = [found.stamp for found in there if found.stamp - moment <= SKEW]
    return max([moment, *(before + timedelta(microseconds=1) for before in near)])
