"""Tests of release/preview/drift.py and drift_page.py, and of refresh.py over an engine that is played."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release.__main__ import main
from release.commands import drift as command
from release.engine import Engine
from release.errors import EngineError
from release.preview import drift_page, marks, refresh
from release.preview.drift import SETS_BACK, Drift, Drifted, asks, drift, to_json
from release.preview.scheduled import SCHEDULE
from release.preview.steps import Change, Step, parse
from release.preview.touched import GROUP
from tests.release.preview.test_facts import past

REFRESHED = json.loads((Path(__file__).with_name("data") / "refresh.json").read_text(encoding="utf-8"))
"""What the engine printed of a stack that was rolled back, and of which somebody changed this and that."""
A, B = "a" * 40, "b" * 40


def group(old: dict[str, Any], new: dict[str, Any], *changes: str) -> Step:
    """A group `g` of the fleet web, of which the paths `changes` differ."""
    before, after = ({**each, "tags": _tags(each.pop("tags", {}))} for each in (dict(old), dict(new)))
    changed = tuple(Change(path=path, before="old", after="new") for path in changes)
    return Step(op="update", urn="g", type=GROUP, name="web-group", changes=changed, old=before, new=after)


def _tags(more: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in {"slipway:fleet": "web", **more}.items()]


def version(number: str) -> dict[str, Any]:
    return {"launchTemplate": {"id": "lt-1", "version": number}, "minSize": 3, "maxSize": 6}


def test_what_somebody_changed_by_hand():
    """A size, a tag, a retention, and an alarm that is gone: with both values; what is as it was is not told."""
    found = drift(parse(REFRESHED), {})
    told = {each.name: [(c.path, c.before, c.after) for c in each.changes] for each in found.drifted if not each.gone}
    assert told == {
        "web-log-group": [("retentionInDays", 0, 7)],
        "web-security-group": [("tags.Owner", None, "me")],
        "web-group": [("launchTemplate.version", "2", "1"), ("maxSize", 6, 7)],
    }
    assert [(each.name, each.undo) for each in found.drifted if each.gone] == [
        ("web-alarms-errors", "`pulumi up --refresh` makes it again")
    ]
    assert found.drifted[0].undo == SETS_BACK


def test_a_rollback_by_hand_is_no_drift():
    """The ledger knows who took the group to its version; what else was changed of it is drift still."""
    (step,) = asks(parse(REFRESHED))
    back = replace(past((A, "succeeded", "1", None))[0], action="rollback")
    found = drift(parse(REFRESHED), {step.urn: [replace(back, outcome="rolled-back", sha=B), back]})
    assert found.by_slipway == (
        f"fleet web has {A} (launch template version 1): it was rolled back by kim at 2026-01-01 00:00 UTC, as the "
        "ledger has it",
    )
    (of_group,) = (each for each in found.drifted if each.name == "web-group")
    assert [change.path for change in of_group.changes] == ["maxSize"]


@pytest.mark.parametrize("path", ["launchTemplate.version", "launchTemplate", "mixedInstancesPolicy.launchTemplate"])
def test_a_template_that_the_ledger_does_not_know(path: str):
    """Somebody else's rollout is drift, and no `up` simply sets it back; nor does a failed one of ours explain it."""
    step = group(version("1"), version("2"), path)
    for events in ([], past((A, "succeeded", "1", None)), past((A, "failed", "2", None))):
        (found,) = drift([step], {"g": events}).drifted
        assert "SLIPWAY_SUPERSEDE=1" in found.undo
    assert not drift([step], {"g": past((A, "started", "2", None))}).found


@pytest.mark.parametrize("path", ["instancesDistribution.onDemandBaseCapacity", "launchTemplate.overrides[1]"])
def test_how_instances_are_bought_is_not_the_ledgers_to_explain(path: str):
    """A base that somebody lowered is drift, also where the newest rollout is known."""
    step = group(version("2"), version("2"), f"mixedInstancesPolicy.{path}")
    (found,) = drift([step], {"g": past((A, "succeeded", "2", None))}).drifted
    assert found.undo == SETS_BACK


def test_an_activation_is_no_drift():
    """The group's tags tell: bounds and posture together; other bounds, or another tag, are drift."""
    asleep = {**version("1"), "minSize": 0, "maxSize": 0}
    asleep["tags"] = {"slipway:posture": "pilot-light", "slipway:size": "3-6"}
    active = {**version("1"), "tags": {"slipway:posture": "active", "slipway:size": "3-6"}}
    paths = ("minSize", "maxSize", "tags[3].value")
    found = drift([group(asleep, active, *paths)], {})
    assert not found.found
    assert found.by_slipway == ("fleet web was activated: pilot-light → active, now 3 to 6 instances",)
    assert drift([group(asleep, {**active, "maxSize": 9}, *paths)], {}).found
    assert drift([group(asleep, {**active, "tags": {**active["tags"], "Owner": "me"}}, *paths)], {}).found


def scheduled(name: str, low: int, high: int = -1, group_name: str = "slipway-prod-web") -> Step:
    """An action as a refresh shows it that found it unchanged."""
    old = {"autoscalingGroupName": group_name, "scheduledActionName": name, "minSize": low, "maxSize": high}
    return Step(op="refresh", urn=name, type=SCHEDULE, name=f"web-schedule-{name}", old=old, new=old)


def resized(low: int, high: int, *paths: str) -> Step:
    """The group of the fleet web, declared from 3 to 6."""
    declared, now = (
        {**version("1"), "name": "slipway-prod-web", "minSize": a, "maxSize": b} for a, b in ((3, 6), (low, high))
    )
    changes = tuple(Change(path=path, before=declared[path], after=now[path]) for path in paths)
    return replace(group(declared, now), changes=changes)


def test_a_scheduled_size_is_no_drift():
    """What an entry of `scaling.schedule` sets is said as that; another size, and another group's entry, are drift."""
    day, early = scheduled("day", 5, 5), scheduled("early", 5)
    found = drift([resized(5, 5, "minSize", "maxSize"), day, early], {})
    assert not found.found
    assert found.by_slipway == (
        "fleet web has minSize 5 in place of 3: scaling.schedule.day or scaling.schedule.early set it",
        "fleet web has maxSize 5 in place of 6: scaling.schedule.day set it",
    )
    (of_group,) = drift([resized(5, 9, "minSize", "maxSize"), day], {}).drifted
    assert [change.path for change in of_group.changes] == ["maxSize"]
    assert drift([resized(4, 6, "minSize"), day], {}).found
    assert drift([resized(5, 6, "minSize"), scheduled("day", 5, group_name="slipway-prod-api")], {}).found
    assert drift([resized(5, 5, "maxSize"), early], {}).found  # an action that leaves the bound as it is


def test_what_was_added_to_a_group_with_scheduled_sizes_is_drift():
    """Whatever kind of value it has."""
    step = resized(5, 6, "minSize")
    tag = Change(path="tags[4]", before=None, after={"key": "Owner", "value": "me"})
    (of_group,) = drift([replace(step, changes=(*step.changes, tag)), scheduled("day", 5)], {}).drifted
    assert of_group.changes == (tag,)


def test_an_activation_before_a_scheduled_size_is_no_drift():
    """The bounds are no longer those of the tag, but those of the hour."""
    asleep = {**version("1"), "name": "slipway-prod-web", "minSize": 0, "maxSize": 0}
    asleep["tags"] = {"slipway:posture": "pilot-light", "slipway:size": "3-6"}
    tags = {"slipway:posture": "active", "slipway:size": "3-6"}
    active = {**version("1"), "name": "slipway-prod-web", "minSize": 5, "tags": tags}
    step = group(asleep, active, "minSize", "maxSize", "tags[3].value")
    found = drift([step, scheduled("day", 5)], {})
    assert not found.found
    assert found.by_slipway == ("fleet web was activated: pilot-light → active, now 5 to 6 instances",)
    assert drift([step, scheduled("day", 4)], {}).found


def test_scheduled_work_that_an_activation_let_begin_is_no_drift():
    """Somebody who lets it begin in a stack that stands by changed it by hand."""
    asleep = {**version("1"), "minSize": 0, "tags": {"slipway:posture": "warm", "slipway:size": "3-6"}}
    active = {**version("1"), "tags": {"slipway:posture": "active", "slipway:size": "3-6"}}
    fleet = group(asleep, active, "minSize", "tags[3].value")
    job = {**version("1"), "maxSize": 1, "tags": {"slipway:job": "nightly"}}
    work = group({**job, "suspendedProcesses": ["ScheduledActions"]}, dict(job), "suspendedProcesses")
    found = drift([fleet, work], {})
    assert not found.found
    assert found.by_slipway[1] == "scheduled work nightly begins since the stack was activated"
    assert drift([work], {}).found
    assert drift([fleet, replace(work, changes=(*work.changes, *fleet.changes))], {}).found


def test_what_has_to_be_replaced():
    """A change that can't be undone in place is said as that; a bucket that was deleted comes back empty."""
    changed = Change(path="name", before="a", after="b", replaces=True)
    step = Step(
        op="update", urn="u", type="aws:lb/targetGroup:TargetGroup", name="t", changes=(changed,), old={}, new={}
    )
    gone = replace(step, op="delete", type="aws:s3/bucket:Bucket", changes=())
    assert [each.undo for each in drift([step, gone], {}).drifted] == [
        "`pulumi up --refresh` replaces it",
        "`pulumi up --refresh` makes it again, empty",
    ]


def test_a_tag_by_which_the_stack_knows_its_own():
    """Without it an `up` would refuse a bucket as somebody else's, and could not set the tag back."""
    changed = Change(path='tags["slipway:stack"]', before="prod", after=None)
    step = Step(op="update", urn="u", type="aws:s3/bucket:Bucket", name="b", changes=(changed,), old={}, new={})
    (found,) = drift([step], {}).drifted
    assert found.undo.startswith("put the tag back first: without slipway:stack")


def test_the_page():
    """The hidden marker first, then the sentence; each resource with what differs and what undoes it."""
    back = replace(past((A, "succeeded", "1", None))[0], action="rollback")
    (step,) = asks(parse(REFRESHED))
    page = drift_page.page("sandbox", drift(parse(REFRESHED), {step.urn: [back]}))
    assert page.splitlines()[:3] == [
        "<!-- slipway:drift stack=sandbox -->",
        "",
        "**sandbox: 3 resources are not as the last `up` left them and 1 resource is gone.**",
    ]
    assert "- Auto Scaling group `web-group`: `maxSize: 6 → 7`<br>`pulumi up --refresh` sets it back." in page
    assert "- alarm `web-alarms-errors` is **gone**." in page
    assert "Changed by Slipway itself, which is no drift:\n\n- fleet web has" in page


def test_a_stack_without_drift():
    """One sentence; where something could not be asked, it says so."""
    assert drift_page.page("s", Drift()) == (
        "<!-- slipway:drift stack=s -->\n\n**s: nothing was changed in AWS by hand.**\n"
    )
    found = Drift(unknown=("routes: access denied",))
    assert drift_page.plain("s", found) == (
        "s: nothing was changed in AWS by hand, as far as is known\nnot known: routes: access denied\n"
    )


def test_a_page_of_much_drift_fits():
    """Two thousand resources with long values, and strangers' text: GitHub takes it, and says how many there are."""
    one = Drifted(
        urn="u", type=GROUP, name="g", changes=(Change(path="tags.Owner", before=None, after="@all <b>" * 900),) * 3
    )
    found = Drift(drifted=tuple(replace(one, urn=f"u{number}", name=f"g{number}") for number in range(2000)))
    page = drift_page.page("s", found)
    assert marks.size(page) <= drift_page.LIMIT
    assert "2,000 resources are not" in page
    assert "more" in page


def test_the_document():
    """What a script reads: which resource, what differs, whether it is gone."""
    document = to_json("sandbox", drift(parse(REFRESHED), {}))
    assert json.loads(json.dumps(document))["found"] is True
    assert {each["name"]: each["gone"] for each in document["drift"]}["web-alarms-errors"] is True


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that prints what it finds in the file `said`, and ends with the status in `code`."""
    program = tmp_path / "pulumi"
    program.write_text(
        f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\ncat "{tmp_path}/said"\n'
        f'echo "error: reading: AccessDenied" >&2\nexit "$(cat "{tmp_path}/code")"\n'
    )
    program.chmod(0o755)
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\n")
    (tmp_path / "code").write_text("0")
    (tmp_path / "said").write_text(json.dumps({"steps": []}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Engine(project=tmp_path, stack="s", config=tmp_path, environment=dict(os.environ))


def drifted(*more: str) -> int:

    return main(["drift", "--stack", "s", *more])


def test_the_command(engine: Engine, capsys: pytest.CaptureFixture[str]):
    """Exit status 0 without drift, 2 with some, 1 where the engine fails; the state is only looked at."""
    assert drifted() == 0
    assert capsys.readouterr().out == "s: nothing was changed in AWS by hand\n"
    asked = (engine.project / "asked").read_text().split()
    assert asked[:5] == ["refresh", "--preview-only", "--stack", "s", "--json"]
    gone = {"op": "delete", "urn": "urn:pulumi:s::slipway::aws:s3/bucket:Bucket::b", "oldState": {"inputs": {}}}
    (engine.project / "said").write_text(json.dumps({"steps": [gone]}))
    assert drifted("--json") == command.DRIFTED
    assert json.loads(capsys.readouterr().out)["drift"][0]["gone"] is True
    (engine.project / "code").write_text("255")
    assert drifted("--markdown") == 1
    assert "error: pulumi refresh --preview-only: reading: AccessDenied" in capsys.readouterr().err


def test_an_answer_that_is_none(engine: Engine):
    """The engine was ended in the middle of it: no traceback."""
    (engine.project / "said").write_text('{"steps": [')
    with pytest.raises(EngineError, match="not JSON"):
        refresh.look(engine)


def test_both_forms_at_once(engine: Engine, capsys: pytest.CaptureFixture[str]):
    """One of them has to be chosen, before anything is asked."""
    assert drifted("--json", "--markdown") == 1
    assert "give one of" in capsys.readouterr().err
    assert not (engine.project / "asked").exists()


def test_a_ledger_that_can_not_be_read(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    """Then a template that differs is told as drift, and that nobody knows who did it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    (engine.project / "said").write_text(json.dumps(REFRESHED))
    stack, found = refresh.look(engine)
    assert stack == "sandbox"
    assert any(line.startswith("who changed fleet web: ") for line in found.unknown)
    assert any(change.path == "launchTemplate.version" for each in found.drifted for change in each.changes)
