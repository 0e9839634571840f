"""The moment that a tag tells, and the one that AWS's answers tell."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from release import clock, expiry
from release.errors import ReleaseError

NOON = datetime(2026, 1, 28, 12, tzinfo=timezone.utc)


def test_a_tag_tells_what_was_written():
    """In UTC, whatever the zone was."""
    assert expiry.write(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-01-28T12:00:00Z"
    assert expiry.read("2026-01-28T12:00:00Z") == NOON


@pytest.mark.parametrize("value", ["", "never", "2026-01-28", "2026-01-28T12:00:00+02:00", "2026-13-01T00:00:00Z"])
def test_what_tells_no_moment_is_none(value: str):
    """Nothing is guessed: such a stack stays."""
    assert expiry.read(value) is None
    assert expiry.latest(["2026-01-28T12:00:00Z", value]) is None


def test_hours_end_at_a_full_one():
    """Never sooner than promised."""
    assert expiry.after(NOON, 1) == NOON + timedelta(hours=1)
    assert expiry.after(NOON + timedelta(seconds=1), 1) == NOON + timedelta(hours=2)


def test_the_latest_decides():
    """An extension that was broken off half-way has extended."""
    assert expiry.latest(["2026-01-28T12:00:00Z", "2026-01-27T12:00:00Z"]) == NOON
    assert expiry.latest([]) is None


def test_the_time_is_awss():
    """As HTTP spells it."""
    assert clock.read("Wed, 28 Jan 2026 12:00:00 GMT") == NOON
    with pytest.raises(ReleaseError, match="is there a proxy"):
        clock.read("")
