"""`--since`: from when on. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from release.errors import ReleaseError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_WANTED = "give a number of seconds, minutes, hours or days (30s, 10m, 2h, 1d), or a time in UTC (2026-01-31T03:00:00Z)"
_LONGEST = 3653 * 86_400


def since(text: str, now: float) -> float:
    """Return the time in seconds since the epoch. Raises ReleaseError."""
    if found := re.fullmatch(r"([0-9]{1,9})([smhd])", text):
        seconds = int(found[1]) * _UNITS[found[2]]
        if seconds > _LONGEST:
            raise ReleaseError(f"--since: {text} is longer than any log is kept (3653d)")
        return now - seconds
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ReleaseError(f"--since: {text[:100]!r} is no time: {_WANTED}") from None
    at = (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()
    if not 0 <= at <= now:
        raise ReleaseError(f"--since: {text[:100]} is not in the past: {_WANTED}")
    return at
