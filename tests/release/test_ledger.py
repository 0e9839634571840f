"""The ledger: what is recorded is found again, the newest first, without reading it all."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.clients import client
from release.errors import LedgerError
from release.ledger import Event, Ledger, from_json, last_good, live, to_json

NOW = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=timezone.utc)
A, B, C = ("a" * 40, "b" * 40, "c" * 40)


def event(minute: float, sha: str, outcome: str = "succeeded", fleet: str = "web", **more: Any) -> Event:
    return Event(
        at=NOW + timedelta(minutes=minute),
        by="alex",
        stack="prod",
        fleet=fleet,
        action=more.pop("action", "deploy"),
        sha=sha,
        digest="d" * 64,
        outcome=outcome,
        **more,
    )


@given(
    st.builds(
        Event,
        at=st.datetimes(timezones=st.just(timezone.utc)),
        by=st.text(),
        stack=st.text(),
        fleet=st.text(),
        action=st.sampled_from(["deploy", "rollback"]),
        sha=st.text(),
        digest=st.text(),
        outcome=st.sampled_from(["started", "succeeded", "failed", "rolled-back", "cancelled"]),
        image=st.none() | st.text(),
        template_version=st.none() | st.text(),
        seconds=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        requests_failed=st.none() | st.integers(min_value=0),
        reason=st.none() | st.text(),
        refresh_id=st.none() | st.text(),
    )
)
def test_what_is_written_is_read(recorded: Event):
    """Any event comes back as it was."""
    assert from_json(to_json(recorded), "here") == recorded


def test_what_is_no_event():
    """An event that is incomplete, or of unknown kind, names every problem."""
    with pytest.raises(LedgerError, match=r"by: missing; .*action: must be one of deploy, rollback, is 'destroy'"):
        from_json('{"action": "destroy", "stack": "s"}', "key")
    with pytest.raises(LedgerError, match="key: not JSON"):
        from_json("", "key")


@pytest.mark.parametrize(
    ("events", "good"),
    [
        ([], None),
        ([event(0, A)], A),
        ([event(0, A), event(1, B)], B),
        ([event(0, A), event(1, B, "failed")], A),
        ([event(0, A), event(1, B, "started")], A),
        ([event(0, A, "started")], None),
        ([event(0, A), event(1, B), event(2, A, action="rollback")], A),
        ([event(0, A), event(0, A, fleet="jobs"), event(1, B), event(2, B, "rolled-back", "jobs")], A),
        ([event(0, A), event(0, A, fleet="jobs"), event(1, B), event(2, B, "started", "jobs")], A),
        ([event(0, A), event(1, A, "started")], A),
        ([event(0, A, "failed"), event(1, A)], A),
        ([event(0, A), event(1, B, "failed"), event(2, C, "cancelled")], A),
        ([event(0, A), event(0, A, fleet="retired"), event(9, B)], B),
        # settings of A that failed, beside those that it served with
        ([event(0, A, template_version="1"), event(1, A, "failed", template_version="2")], A),
        ([event(0, A, template_version="1"), event(1, B), event(2, A, "failed", template_version="1")], B),
        # rolled back by hand, whatever its versions; and deployed again after that
        ([event(0, A), event(1, B, template_version="1"), event(2, B, "rolled-back", template_version="2")], A),
        ([event(0, A), event(1, B), event(2, B, "rolled-back"), event(3, B)], B),
    ],
)
def test_the_last_good_release(events: list[Event], good: str | None):
    """The newest that succeeded, and that no fleet failed with or left unfinished."""
    found = last_good(events)
    assert (found.sha if found else None) == good
    assert last_good(events[::-1]) == found


def test_what_is_live():
    """By fleet, the newest success: what failed left the fleet as it was."""
    events = [event(0, A), event(1, B), event(2, C, "failed"), event(0, A, fleet="jobs"), event(1, B, "failed", "jobs")]
    assert {fleet: each.sha for fleet, each in live(events).items()} == {"web": B, "jobs": A}


class Counting:
    """An S3 client that counts what is asked of it."""

    def __init__(self) -> None:
        self._s3 = client("s3")
        self.listed = 0
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, **arguments: Any) -> Any:
        self.read += 1
        return self._s3.get_object(**arguments)

    def get_paginator(self, name: str) -> Any:
        paginator = self._s3.get_paginator(name)
        outer = self

        class Paginator:
            def paginate(self, **arguments: Any) -> Any:
                for page in paginator.paginate(**arguments):
                    outer.listed += len(page.get("Contents", []))
                    yield page

        return Paginator()


@pytest.mark.sandbox
def test_history_of_a_stack(bucket: str):
    """Events of all fleets, or of one, the newest first, at most so many; other stacks' are not among them."""
    ledger = Ledger(bucket, clock=lambda: NOW)
    for minute, fleet in enumerate(["web", "jobs", "web"]):
        ledger.record(event(minute, A, fleet=fleet, seconds=1.5, refresh_id="r-1"))
    key = ledger.record(event(3, B))
    assert key.startswith("ledger/prod/web/20240506T071109.123456Z-")
    assert [each.at.minute for each in ledger.history("prod")] == [11, 10, 9, 8]
    assert [each.fleet for each in ledger.history("prod", limit=2)] == ["web", "web"]
    assert [each.at.minute for each in ledger.history("prod", "jobs")] == [9]
    assert ledger.history("prod")[1] == event(2, A, seconds=1.5, refresh_id="r-1")
    assert ledger.history("pro") == []
    assert ledger.fleets("prod") == ["jobs", "web"]
    assert ledger.last_good("prod") == event(3, B)
    assert {fleet: each.sha for fleet, each in ledger.live("prod").items()} == {"web": B, "jobs": A}
    assert ledger.last_good("none") is None
    assert ledger.live("none") == {}


@pytest.mark.sandbox
def test_old_events_are_not_listed_for_the_new_ones(bucket: str):
    """Of two years of history, the last events cost a list of the last weeks; what is older is found all the same."""
    s3 = Counting()
    ledger = Ledger(bucket, s3, clock=lambda: NOW)
    for day in range(0, 730, 10):
        ledger.record(event(-day * 1440, A, "failed" if day < 300 else "succeeded"))
    ledger.history("prod", "web", limit=2)
    assert (s3.listed, s3.read) == (2, 2)
    assert len(ledger.history("prod", "web", limit=100)) == 73
    found = ledger.last_good("prod", "web")
    assert found is None or found.sha == A


@pytest.mark.sandbox
def test_the_search_widens_until_it_finds(bucket: str):
    """A long row of failures doesn't hide the last release that was good."""
    ledger = Ledger(bucket, clock=lambda: NOW)
    ledger.record(event(-90_000, A))
    for minute in range(45):
        ledger.record(event(-minute, B, "failed"))
    found = ledger.last_good("prod", "web")
    assert found is not None
    assert found.sha == A


@pytest.mark.sandbox
def test_a_malformed_event_is_not_recorded(bucket: str):
    """What couldn't be read again is refused before it is put."""
    with pytest.raises(LedgerError, match="outcome: must be one of"):
        Ledger(bucket).record(event(0, A, "fine"))
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)
