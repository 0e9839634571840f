"""When a review stack may be removed, as the tag `slipway:expires` tells it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def after(now: datetime, hours: int) -> datetime:
    """Return the full hour at which the hours are over, so that a preview and its `up` say the same."""
    end = now + timedelta(hours=hours)
    full = end.replace(minute=0, second=0, microsecond=0)
    return full if full == end else full + timedelta(hours=1)


def write(moment: datetime) -> str:
    """Return the tag's value: UTC, as 2026-01-31T03:00:00Z."""
    return moment.astimezone(timezone.utc).strftime(_FORM)


def read(value: str) -> datetime | None:
    """Return the moment that a tag's value tells; None if it tells none."""
    try:
        return datetime.strptime(value, _FORM).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def latest(values: Iterable[str]) -> datetime | None:
    """Return when a stack expires whose resources have these values: all must have.

    None if there are none, or if one tells no moment: whoever wrote it may have meant that the stack stays.
    """
    moments = [read(value) for value in values]
    return None if None in moments else max((moment for moment in moments if moment), default=None)
