"""Pages of FilterLogEvents: sorted, at most 1 MiB or 10,000 events looked at, so that a page may be empty. Pure.

Source: FilterLogEvents in the CloudWatch Logs API reference.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

MOST = 10_000
BYTES = 1 << 20
Key = tuple[int, int, int]
"""What events are sorted by: timestamp, ingestion time, id."""


class Stored(Protocol):
    """An event as moto keeps it. Times are in milliseconds since the epoch."""

    event_id: int
    timestamp: int
    ingestion_time: int
    message: str


class BadTokenError(ValueError):
    """A nextToken that no answer had."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """The events that match, and the token of the next page if there is one."""

    events: list[dict[str, Any]]
    token: str | None


def page(
    streams: Iterable[tuple[str, list[Any]]],
    *,
    start: int | None,
    end: int | None,
    limit: int,
    token: str | None,
    matches: Callable[[str], bool],
) -> Page:
    """Return a page of the events of these streams, by name. Raises BadTokenError."""
    after = _read(token) if token else None
    low, high = start or 0, end if end is not None else 1 << 62
    found: list[tuple[Key, str, Stored]] = []
    for name, events in streams:
        for event in events:
            if low <= event.timestamp <= high:
                key = (event.timestamp, event.ingestion_time, event.event_id)
                if after is None or key > after:
                    found.append((key, name, event))
    found.sort(key=lambda each: each[0])
    shown: list[dict[str, Any]] = []
    size = 0
    for number, (key, name, event) in enumerate(found, start=1):
        size += len(event.message)
        if matches(event.message):
            shown.append(
                {
                    "eventId": f"{event.event_id:056d}",
                    "ingestionTime": event.ingestion_time,
                    "logStreamName": name,
                    "message": event.message,
                    "timestamp": event.timestamp,
                }
            )
        if len(shown) == limit or number == MOST or size >= BYTES:
            return Page(events=shown, token=_written(key) if number < len(found) else None)
    return Page(events=shown, token=None)


def _written(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(token: str) -> Key:
    try:
        timestamp, ingested, number = json.loads(base64.urlsafe_b64decode(token))
        return int(timestamp), int(ingested), int(number)
    except (ValueError, TypeError, binascii.Error):
        raise BadTokenError(token) from None
