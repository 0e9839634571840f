"""The ledger: what is recorded is found again, the newest first, without reading it all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.clients import client
from release.errors import LedgerError
from release.store.event import checked
from release.store.ledger import Event, Ledger, from_json, last_good, live, to_json

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

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


ANYTHING = st.text(st.characters())  # lone surrogates and controls among them
FIELDS = ["at", "by", "stack", "fleet", "action", "sha", "digest", "outcome", "seconds", "requests_failed", "schema"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANYTHING
JSON = st.recursive(
    SCALARS | st.sampled_from([10**400, "9999-12-31T23:59Z", "0001-01-01T00:00:00+14:00"]),
    lambda inner: st.dictionaries(st.sampled_from(FIELDS) | ANYTHING, inner) | st.lists(inner),
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


def parsed(text: str | bytes) -> Event | None:
    try:
        return from_json(text, "here")
    except LedgerError as error:
        said = str(error)
    said.encode()
    assert "\n" not in said
    assert len(said) < 4000
    return None


@given(JSON)
def test_whatever_json_is_there_is_an_event_or_an_error(document: object):
    """Never a traceback, and the error can be shown."""
    parsed(json.dumps(document))


@given(st.binary() | ANYTHING.map(lambda text: text.encode(errors="surrogatepass")))
def test_whatever_bytes_are_there_are_an_event_or_an_error(body: bytes):
    """Not even JSON, nor UTF-8."""
    parsed(body)


GOOD = json.loads(to_json(event(0, A)))


@given(st.sampled_from([*FIELDS, "reason", "image", "refresh_id", "template_version", "caller"]), JSON)
def test_an_event_with_one_odd_value(name: str, value: object):
    """What is taken for an event can be checked, written and shown, whatever one of its values is."""
    found = parsed(json.dumps({**GOOD, name: value}))
    if found is None:
        return
    from_json(to_json(found), "here")
    try:
        shown = checked(found)
    except LedgerError:
        return
    line = f"{shown.when:%Y-%m-%d %H:%M:%S} {shown.by} {shown.reason} {shown.seconds or 0:.0f} {shown.caller}"
    assert line.encode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 3000, "nested too deeply|not JSON"),
        ("{" + '"a":{' * 100_000, "over 65536 bytes"),
        (json.dumps({**GOOD, "seconds": "x"}).replace('"x"', "1e400"), "seconds: must be a finite number, is inf"),
        (json.dumps({**GOOD, "seconds": "x"}).replace('"x"', "NaN"), "NaN is not JSON"),
        (json.dumps({**GOOD, "seconds": 10**400}), "seconds: must be a finite number, is 1000"),
        (json.dumps({**GOOD, "requests_failed": "x"}).replace('"x"', "1e400"), "requests_failed: must be a whole"),
        (json.dumps({**GOOD, "at": "0001-01-01T00:00:00+14:00"}), "at: must be an RFC 3339 time"),
        (json.dumps({**GOOD, "at": "9999-12-31T23:59:59-14:00"}), "at: must be an RFC 3339 time"),
        (json.dumps({**GOOD, "schema": 2}), "schema 2; this version of slipway reads 1: update slipway"),
        (json.dumps({**GOOD, "schema": "2"}), 'schema: must be a whole number, is "2"'),
        (json.dumps({**GOOD, "outcome": "paused"}), "outcome: must be one of"),
    ],
)
def test_odd_events_say_why(text: str, said: str):
    """What a later version, another program or a slip of the hand put there."""
    with pytest.raises(LedgerError, match=said):
        from_json(text, "here")


def test_an_event_of_the_first_days_is_read():
    """They had neither schema nor caller."""
    first = {name: value for name, value in GOOD.items() if name not in ("schema", "caller")}
    assert from_json(json.dumps(first), "here") == event(0, A)


def test_unknown_keys_are_left_out():
    """A later version's, or a stranger's; those that are no part of the document are not taken from it."""
    more = {"new": [1], "\udc80": 1, "stored": "2000-01-01T00:00:00Z", "stamp": 1}
    assert from_json(json.dumps({**GOOD, **more}), "here") == event(0, A)
    assert from_json(json.dumps({**GOOD, **more}), "here").order == event(0, A).order


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
        self._s3: Any = client("s3")
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
    assert ledger.history("prod")[1].caller == "arn:aws:sts::123456789012:user/moto"
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
    ledger = Ledger(bucket, cast("S3Client", s3), clock=lambda: NOW)
    for day in range(0, 730, 10):
        ledger.record(event(-day * 1440, *((B, "failed") if day < 300 else (A, "succeeded"))))
    s3.listed = 0
    ledger.history("prod", "web", limit=2)
    assert (s3.listed, s3.read) == (2, 2)
    assert len(ledger.history("prod", "web", limit=100)) == 73
    found = ledger.last_good("prod", "web")
    assert found is not None
    assert (found.sha, found.at) == (A, NOW - timedelta(days=300))


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
def test_good_releases_of_a_stack_and_of_those_that_follow_it(bucket: str):
    """Newest first, each once, as far back as the caller goes on; strangers in the same store do not count."""
    ledger = Ledger(bucket, clock=lambda: NOW)
    shas = [f"{number:040x}" for number in range(50)]
    for minute, sha in enumerate(shas):
        ledger.record(event(minute, sha))
    ledger.record(replace(event(60, A), stack="dr", follows="prod"))
    ledger.record(replace(event(61, shas[3]), stack="dr", follows="prod", followed=True))
    ledger.record(replace(event(62, B), stack="other"))
    ledger.record(replace(event(63, B), stack="dr-drill", follows="prod", followed=True))  # gone with its drill
    assert ledger.stacks() == ["dr", "other", "prod"]
    assert ledger.followers("prod") == ["dr"]
    assert [found.event.sha for found in ledger.good("prod")] == [A, *reversed(shas)]
    assert [found.event.sha for found in ledger.good("dr", follow="prod")] == [A, *reversed(shas)]
    assert [found.event.sha for found in ledger.good("other")] == [B]
    assert list(ledger.good("none")) == []


@pytest.mark.sandbox
def test_a_malformed_event_is_not_recorded(bucket: str):
    """What couldn't be read again is refused before it is put."""
    with pytest.raises(LedgerError, match="outcome: must be one of"):
        Ledger(bucket).record(event(0, A, "fine"))
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


class At:
    """An S3 client whose objects are stored when its clock says, and listed to the second, as S3 does."""

    def __init__(self) -> None:
        self._s3: Any = client("s3")
        self.time = datetime.now(timezone.utc)
        self._stored: dict[str, datetime] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def put_object(self, **arguments: Any) -> Any:
        self._stored[arguments["Key"]] = self.time.replace(microsecond=0)
        return self._s3.put_object(**arguments)

    def get_paginator(self, name: str) -> Any:
        paginator, stored = self._s3.get_paginator(name), self._stored

        class Paginator:
            def paginate(self, **arguments: Any) -> Any:
                for page in paginator.paginate(**arguments):
                    for found in page.get("Contents", []):
                        found["LastModified"] = stored[found["Key"]]
                    yield page

        return Paginator()


@pytest.mark.sandbox
@pytest.mark.parametrize("apart", [0, 60])
@pytest.mark.parametrize("skew", [-840, -240, 240, 840])
def test_two_clocks(bucket: str, apart: int, skew: int):
    """One machine's clock is minutes off the other's: what happened last is last, also within one second of S3's."""
    s3 = At()

    def write(sha: str, outcome: str, seconds_off: int, action: str = "deploy") -> None:
        s3.time += timedelta(seconds=apart)
        at = s3.time + timedelta(seconds=seconds_off)
        written = replace(event(0, sha, outcome, action=action, template_version="1"), at=at)
        Ledger(bucket, cast("S3Client", s3), clock=lambda: at).record(written)

    write(A, "succeeded", 0)
    write(B, "started", skew)
    write(B, "succeeded", skew)
    write(A, "started", 0, "rollback")
    write(A, "succeeded", 0, "rollback")
    write(B, "rolled-back", 0)
    for reader in (0, skew):
        read = Ledger(bucket, cast("S3Client", s3), clock=lambda off=reader: s3.time + timedelta(seconds=off))
        assert [(each.sha, each.outcome) for each in read.history("prod", "web")] == [
            (B, "rolled-back"),
            (A, "succeeded"),
            (A, "started"),
            (B, "succeeded"),
            (B, "started"),
            (A, "succeeded"),
        ]
        assert read.history("prod", "web", 1)[0].outcome == "rolled-back"
        good = read.last_good("prod", "web")
        assert good is not None
        assert good.sha == A
        assert {fleet: each.sha for fleet, each in read.live("prod").items()} == {"web": A}


@pytest.mark.sandbox
def test_an_event_whose_key_lies_before_the_window_is_found(bucket: str):
    """Its writer's clock was behind, by as much as S3 lets pass: the list from a date on misses it, but says so."""
    s3 = At()
    write = Ledger(bucket, cast("S3Client", s3))
    s3.time = NOW - timedelta(days=14) + timedelta(minutes=1)
    write.record(replace(event(0, A), at=s3.time + timedelta(minutes=1)))
    s3.time += timedelta(minutes=3)
    write.record(replace(event(0, B, fleet="web"), at=s3.time - timedelta(minutes=14)))
    s3.time += timedelta(minutes=1)
    assert [each.sha for each in Ledger(bucket, cast("S3Client", s3), clock=lambda: NOW).history("prod", "web", 1)] == [
        B
    ]


@pytest.mark.sandbox
def test_events_that_were_copied_by_hand_keep_their_order(bucket: str):
    """`aws s3 sync` into another bucket gives all of them the time of the copy, in no order."""
    s3 = At()
    for minute, sha in ((2, C), (0, A), (1, B)):
        s3.time += timedelta(seconds=1)
        body = to_json(event(minute, sha)).encode()
        s3.put_object(Bucket=bucket, Key=f"ledger/prod/web/20240506T07{8 + minute:02}09.123456Z-0.json", Body=body)
    assert [each.sha for each in Ledger(bucket, cast("S3Client", s3), clock=lambda: NOW).history("prod", "web")] == [
        C,
        B,
        A,
    ]


@pytest.mark.sandbox
def test_odd_objects_are_left_out_with_a_warning(bucket: str):
    """What a later version wrote, another program, or a slip of the hand: neither history nor last_good stops."""
    s3, warned = client("s3"), list[str]()
    ledger = Ledger(bucket, clock=lambda: NOW, warn=warned.append)
    ledger.record(event(-60, A))
    later = json.loads(to_json(event(0, B)))
    odd: dict[str, bytes] = {
        "20240506T070809.123456Z-00000001.json": json.dumps({**later, "outcome": "paused"}).encode(),
        "20240506T070809.123456Z-00000002.json": json.dumps({**later, "schema": 2}).encode(),
        "20240506T070809.123456Z-00000003.json": b"[" * 3000,
        "20240506T070809.123456Z-00000004.json": b"\xff\xfe\x00",
        "20240506T070809.123456Z-00000005.json": b"",
        "20240506T070809.123456Z-00000006.json": b" " * 200_000,
        "20240506T070809.123456Z-00000007.json": json.dumps({**later, "fleet": "other"}).encode(),
        "20240506T070809.123456Z-00000008.json": json.dumps({**later, "sha": "../../x"}).encode(),
        "20240506T070809.123456Z-00000009.json": json.dumps({**later, "at": "0001-01-01T00:00:00Z"}).encode(),
        "20241399T000000.000000Z-00000010.json": json.dumps(later).encode(),
        "": b"",
        "notes.txt": b"hello",
        "old/20240506T070809.123456Z-00000011.json": json.dumps(later).encode(),
    }
    for name, body in odd.items():
        s3.put_object(Bucket=bucket, Key=f"ledger/prod/web/{name}", Body=body)
    s3.put_object(Bucket=bucket, Key="ledger/readme", Body=b"hello")
    s3.put_object(Bucket=bucket, Key="ledger//", Body=b"")
    for name in ("", "notes"):
        s3.put_object(Bucket=bucket, Key=f"ledger/.digests/{A}/{name}", Body=b"")
    assert ledger.digests(A) == {"d" * 64}
    assert [each.sha for each in ledger.history("prod", "web")] == [A]
    assert {f"ledger/prod/web/{name}" in "".join(warned) for name in odd} == {True}
    assert len(ledger.history("prod", "web", 1)) == 1
    good = ledger.last_good("prod")
    assert good is not None
    assert good.sha == A
    assert ledger.live("prod") == {"web": good}
    assert ledger.stacks() == ["prod"]


@pytest.mark.sandbox
def test_the_text_of_an_event_can_be_shown(bucket: str):
    """A reason that is no UTF-8, with controls in it, however it came there."""
    reason = "k\udcf6nig\x1b[31m red\nline"
    Ledger(bucket, clock=lambda: NOW).record(event(0, A, "failed", reason=reason))
    body = json.dumps({**GOOD, "at": "2024-05-06T07:09:09Z", "by": "a\udc80\nb", "reason": reason}).encode()
    client("s3").put_object(Bucket=bucket, Key="ledger/prod/web/20240506T070909.000000Z-1.json", Body=body)
    second, first = Ledger(bucket, clock=lambda: NOW).history("prod", "web")
    assert {first.reason, second.reason} == {"k\ufffdnig red\nline"}
    assert second.by == "a\ufffd b"
