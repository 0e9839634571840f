"""Moments and spans of time as people type them: `2h`, `1d12h`, `2026-12-02T08:00`. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

WORDS = (
    "a time in UTC (2026-12-02 or 2026-12-02T08:00, or with an offset: 2026-12-02T08:00+01:00), or a span (90m, 2h, 3d)"
)
LONGEST = timedelta(days=366)

_SPAN = re.compile(r"(?:(\d{1,3})w)?(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?")


def moment(text: str, now: datetime) -> datetime:
    """Return the moment in UTC that a text names, or that is a span after `now`. Raises ValueError with what is wrong.

    A time without an offset is in UTC, as everything that Slipway prints.
    """
    found = _span(text, now) or _time(text)
    if found is None:
        raise ValueError(f"{text[:100]!r} is not {WORDS}")
    if found <= now:
        raise ValueError(f"{written(found)} is over: it is {written(now)} now")
    if found - now > LONGEST:
        raise ValueError(f"{written(found)} is more than {LONGEST.days} days away")
    return found


def written(when: datetime) -> str:
    """Return a moment as people read it: 2026-12-02 08:00 UTC."""
    return f"{when.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def _span(text: str, now: datetime) -> datetime | None:
    found = _SPAN.fullmatch(text.lower()) if text else None
    if found is None:
        return None
    weeks, days, hours, minutes = (int(number or 0) for number in found.groups())
    return now + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))  # Python 3.10 does not know the Z
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
