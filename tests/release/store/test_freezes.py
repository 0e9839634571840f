"""Freezes: the newest one stands until it is thawed or over, whatever else was noted since."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from release.clients import client
from release.store.freezes import FREEZE, KIND, Freezes
from release.store.notes import Notes, note

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

pytestmark = pytest.mark.sandbox
UNTIL = datetime(2026, 12, 24, 18, tzinfo=timezone.utc)


@pytest.fixture
def s3(bucket: str) -> S3Client:
    """S3, with a store in it."""
    return client("s3")


def test_a_freeze_has_an_owner_a_reason_and_an_end(bucket: str, s3: S3Client, monkeypatch: pytest.MonkeyPatch):
    """It is over once its end has come; another stack has its own."""
    monkeypatch.setenv("SLIPWAY_BY", "kim")
    freezes = Freezes(bucket, s3)
    assert freezes.last("prod") is None
    freezes.freeze("prod", "the sale", UNTIL)
    found = freezes.last("prod")
    assert found
    assert str(found).startswith("frozen by kim since ")
    assert str(found).endswith(", until 2026-12-24 18:00 UTC: the sale")
    assert [found.is_over(UNTIL + timedelta(seconds=after)) for after in (-1, 0)] == [False, True]
    assert freezes.last("dr") is None


def test_a_thaw_ends_it_and_insisting_does_not(bucket: str, s3: S3Client):
    """However often somebody insisted since it began, the freeze is found; without an end it stands for good."""
    freezes = Freezes(bucket, s3)
    freezes.freeze("prod", "the sale", None)
    first = freezes.last("prod")
    assert first
    assert not first.is_over(datetime(2100, 1, 1, tzinfo=timezone.utc))
    for _ in range(11):
        freezes.insisted("prod", first, "a" * 40)
    assert freezes.last("prod") == first
    freezes.thaw("prod")
    assert freezes.last("prod") is None


def test_an_end_that_cannot_be_read_is_none(bucket: str, s3: S3Client):
    """A later version may write it otherwise: the stack stays frozen rather than not."""
    Notes(bucket, KIND, s3).add(note("prod", FREEZE, reason="sale", until="christmas"))
    found = Freezes(bucket, s3).last("prod")
    assert found
    assert found.until is None
