"""What a batch of PutLogEvents may be (API reference). moto refuses what is too old or in no order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 10_000
BYTES = 1_048_576
OVERHEAD = 26
SPAN = 24 * 3600 * 1000
"""Milliseconds."""


def problem(events: Sequence[Mapping[str, Any]]) -> str | None:
    """Return why AWS would refuse the batch, or None."""
    if not events:
        return "1 validation error detected: logEvents must have length greater than or equal to 1"
    if len(events) > MOST:
        return f"1 validation error detected: logEvents must have length less than or equal to {MOST}"
    if any(not event["message"] for event in events):
        return "1 validation error detected: message must have length greater than or equal to 1"
    size = sum(len(str(event["message"]).encode()) + OVERHEAD for event in events)
    if size > BYTES:
        return f"Upload too large: {size} bytes exceeds limit of {BYTES}"
    times = [int(event["timestamp"]) for event in events]
    if max(times) - min(times) > SPAN:
        return "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    return None
