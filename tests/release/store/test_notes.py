"""Notes: kept beside the fleets' events, newest first, and never taken for one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from release.clients import client
from release.errors import LedgerError
from release.store.ledger import Ledger
from release.store.notes import Note, Notes, from_json, note, to_json

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

pytestmark = pytest.mark.sandbox


@pytest.fixture
def s3(bucket: str) -> S3Client:
    """S3, with a store in it."""
    return client("s3")


def test_the_newest_notes_come_first_and_are_no_events(bucket: str, s3: S3Client):
    """Each stack and kind has its own; the ledger knows neither a stack nor a fleet of that name."""
    notes = Notes(bucket, "freezes", s3)
    for what in ("freeze", "thaw"):
        notes.add(note("prod", what, reason="sale", until="2026-12-01T00:00:00Z"))
    notes.add(note("dr", "freeze"))
    assert [(each.what, each.reason, dict(each.facts)) for each in notes.newest("prod", 5)] == [
        (what, "sale", {"until": "2026-12-01T00:00:00Z"}) for what in ("thaw", "freeze")
    ]
    assert [each.what for each in notes.newest("prod")] == ["thaw"]
    assert notes.newest("prod")[0].stored
    assert Notes(bucket, "uses", s3).newest("prod") == []
    assert Ledger(bucket, s3).stacks() == []


def test_a_note_that_is_none_is_left_out(bucket: str, s3: S3Client, capsys: pytest.CaptureFixture[str]):
    """Whoever may write the bucket may write anything there: it stops nobody."""
    notes = Notes(bucket, "freezes", s3)
    key = notes.add(note("prod", "freeze"))
    s3.put_object(Bucket=bucket, Key=key.replace("20", "21", 1), Body=b"{}")
    assert [each.what for each in notes.newest("prod")] == ["freeze"]
    assert "is left out" in capsys.readouterr().err


def test_what_a_note_says_is_safe_to_print():
    """Its JSON has a schema; what steers a terminal is shown, not obeyed."""
    written = json.loads(to_json(note("prod", "exec", command="ls\x1b[2J")))
    assert (written["schema"], written["what"]) == (1, "exec")
    read: Note = from_json(json.dumps(written), "it")
    assert "\x1b" not in read.facts["command"]
    with pytest.raises(LedgerError, match="not a note"):
        from_json('{"schema": 1}', "it")
