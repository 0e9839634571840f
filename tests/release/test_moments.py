"""What people type for a moment, and what is refused."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from release.moments import moment, written

NOW = datetime(2026, 12, 1, 12, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("90m", "2026-12-01 14:00 UTC"),
        ("1d12h", "2026-12-03 00:30 UTC"),
        ("2W", "2026-12-15 12:30 UTC"),
        ("2026-12-02", "2026-12-02 00:00 UTC"),
        ("2026-12-02T08:00", "2026-12-02 08:00 UTC"),
        ("2026-12-02 08:00", "2026-12-02 08:00 UTC"),
        ("2026-12-02T08:00Z", "2026-12-02 08:00 UTC"),
        ("2026-12-02T08:00+01:00", "2026-12-02 07:00 UTC"),
    ],
)
def test_moments_and_spans(text: str, found: str):
    """A span counts from now; a time without an offset is in UTC."""
    assert written(moment(text, NOW)) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a time"),
        ("tomorrow", "is not a time"),
        ("2h30", "is not a time"),
        ("-2h", "is not a time"),
        ("2026-13-01", "is not a time"),
        ("0h", "is over"),
        ("2026-12-01T12:00", "is over"),
        ("2026-12-01T13:30+02:00", "is over"),
        ("999w", "more than 366 days"),
        ("9999-12-31T23:59-12:00", "is not a time"),
    ],
)
def test_what_is_no_moment_to_come(text: str, why: str):
    """What can't be read, is over, or is so far away that it was mistyped."""
    with pytest.raises(ValueError, match=why):
        moment(text, NOW)
