"""Tests of release/drill/report.py, findings.py and conclude.py."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from release.drill import findings
from release.drill.report import AlarmState, Check, Earlier, Finding, Host, Lost, Report, from_json, intact, to_json
from release.errors import DrillError
from tests.release.drill.reports import AT, DIGEST, SHA, at, report, rpo, rto, step


def found(**changes: object) -> list[str]:
    """The ids of the findings of a report with these changes."""
    return [finding.id for finding in findings.found(report(**changes))]


def test_a_report_is_read_as_it_was_written():
    """Nothing is lost between a report, its JSON and the report that is read from it."""
    full = report(
        findings=(Finding(id="objective.rto", text="late", fix="be faster", since=AT),),
        earlier=(Earlier(id="check.db", text="no", since=AT, state="closed"),),
        lost=(Lost(kind="release", name=SHA, at=at(-3)),),
        calls=None,
        caller=None,
        measures=(rto(None, None), rpo(1.25)),
    )
    assert from_json(to_json(full), "here") == full


def test_a_report_has_a_sha_256_of_itself():
    """The digest is that of the rest: any change of the JSON shows, formatting does not."""
    text = to_json(report())
    document = json.loads(text)
    assert len(document["sha256"]) == 64
    assert intact(json.dumps(document))
    document["measures"][0]["measured"] = 1.0
    assert not intact(json.dumps(document))
    with pytest.raises(DrillError, match="s3://b/k: its SHA-256 is another one than it says"):
        from_json(json.dumps(document), "s3://b/k")


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"sha256": 1}', b"\xff"])
def test_what_is_no_report_is_not_intact(text: str | bytes):
    """Whatever lies in its place is refused, without a traceback."""
    assert not intact(text)
    with pytest.raises(DrillError):
        from_json(text, "here")


def test_a_good_drill_has_no_finding():
    """Objectives met, digests equal, all proved, nothing contacted, nothing left over."""
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"measures": (rto(901.0), rpo(0.0))}, ["objective.rto"]),
        ({"measures": (rto(540.0), rpo(61.0))}, ["objective.rpo"]),
        ({"measures": (rto(None), rpo(0.0))}, ["unknown.rto"]),
        ({"measures": (rto(540.0), rpo(None, None))}, ["unknown.rpo"]),
        ({"measures": (rto(99_999.0, None), rpo(9.0, None))}, []),
        ({"checks": (Check(name="db", what="psql", outcome="failed", seconds=1),)}, ["check.db"]),
        ({"checks": (Check(name="db", what="psql", outcome="not run", seconds=None),)}, []),
        ({"alarms": (AlarmState(name="slipway-dr-drill-web-errors", state="OK", fired=True),)}, ["alarm.errors"]),
        ({"alarms": (AlarmState(name="x-errors", state="INSUFFICIENT_DATA", fired=False),)}, []),
        ({"hosts": (Host(name="github.com", scope="refused", asked=1),)}, ["contact.github.com"]),
        ({"calls": {"eu-west-1": 2, "eu-central-1": 9}}, ["contact.eu-west-1"]),
        ({"git": ("git fetch origin",)}, ["contact.git"]),
        ({"lost": (Lost(kind="release", name=SHA, at=at(-9)),)}, ["replica.incomplete"]),
        ({"lost": (Lost(kind="event", name="ledger/prod/web/x.json", at=at(-9)),)}, []),
        ({"left_over": ("pulumi destroy",)}, ["left-over"]),
        ({"steps": (step("bring up", 6, 530, "failed", "no quota"),)}, ["step.bring up"]),
        ({"steps": (step("bring up", 6, 530, "ended"),)}, []),
    ],
)
def test_what_a_finding_is(changes: dict[str, object], expected: list[str]):
    """Each thing that is not as it has to be is one finding; what is not judged or was not run is none."""
    assert found(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ledger_digest": "e" * 64}, ["digest.ledger"]),
        ({"first_digest": "e" * 64}, ["digest.first"]),
        ({"ledger_digest": "", "first_digest": ""}, []),
        ({"wanted": 4}, ["instances.unproved"]),
        ({"wanted": 0, "proofs": ()}, ["instances.unproved"]),
        ({"sha": "", "digest": "", "wanted": 0, "proofs": ()}, []),
    ],
)
def test_what_was_served_is_compared(changes: dict[str, object], expected: list[str]):
    """The digest has to be the ledger's and the first region's where they are known, and every instance proves it."""
    assert found(served=replace(report().served, **changes)) == expected


def test_an_instance_with_another_digest_is_a_finding():
    """A proof with a digest of its own names the fleet."""
    served = report().served
    odd = replace(served.proofs[0], digest="e" * 64)
    assert found(served=replace(served, proofs=(odd, *served.proofs[1:]))) == ["instances.digest.web"]
    assert served.proofs[1].digest == DIGEST


def open_finding(key: str, since: float) -> Finding:
    return Finding(id=key, text=key, fix="", since=at(since))


def test_a_finding_keeps_the_date_on_which_it_was_found_first():
    """What the last drill had found too is as old as it was then."""
    before = report(findings=(open_finding("check.db", -100),))
    dated = findings.dated([open_finding("check.db", 0), open_finding("objective.rto", 0)], before)
    assert [finding.since for finding in dated] == [at(-100), at(0)]
    assert [finding.since for finding in findings.dated([open_finding("check.db", 0)], None)] == [at(0)]


def states(now: list[Finding], before: Report, *, complete: bool) -> dict[str, str]:
    return {each.id: each.state for each in findings.earlier(now, before, complete=complete)}


def test_what_has_become_of_earlier_findings():
    """Found again: still open; not found by a whole drill: closed; by one that was ended: not tested again."""
    before = report(findings=(open_finding("check.db", -9), open_finding("objective.rto", -9)))
    now = [open_finding("objective.rto", 0)]
    assert states(now, before, complete=True) == {"check.db": "closed", "objective.rto": "still open"}
    assert states(now, before, complete=False) == {"check.db": "not tested again", "objective.rto": "still open"}


def test_a_finding_that_was_not_tested_again_is_not_forgotten():
    """It stays open over a drill that ended early, with its first date."""
    ended = report(earlier=(Earlier(id="check.db", text="no", since=at(-99), state="not tested again"),))
    [kept] = findings.earlier([], ended, complete=True)
    assert (kept.state, kept.since) == ("closed", at(-99))
    [again] = findings.dated([open_finding("check.db", 0)], ended)
    assert again.since == at(-99)
