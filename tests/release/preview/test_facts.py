"""Tests of release/preview/touched.py and facts.py: what follows from steps and from the ledger's events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from release.preview import events
from release.preview.facts import Facts, FleetFacts, rollback
from release.preview.steps import UNKNOWN, Step
from release.preview.touched import GROUP, Touched, touched
from release.rollout.estimate import Took
from release.rollout.observed import Template
from release.store.event import Event

A, B, C = "a" * 40, "b" * 40, "c" * 40
OLD, NEW = "bd8311fde447f5e5ea2c06e3e72cf58e3f99cd65", "a7aa07043bac731464cb1fb078b3ca7c107f81f9"
DEPLOY = Event(
    at=datetime(2026, 1, 1, tzinfo=timezone.utc),
    by="kim",
    stack="s",
    fleet="web",
    action="deploy",
    sha=A,
    digest="d" * 64,
    outcome="succeeded",
)


def group(op: str, old: dict[str, Any], new: dict[str, Any]) -> Step:
    named = {"name": "slipway-s-web", "tags": [{"key": "slipway:fleet", "value": "web"}]}
    before, after = ({**named, **each} if each else {} for each in (old, new))
    return Step(op=op, urn="u", type=GROUP, name="web-group", old=before, new=after)


def template(version: str) -> dict[str, Any]:
    return {"launchTemplate": {"id": "lt-1", "version": version}, "minSize": 3}


def mixed(version: str) -> dict[str, Any]:
    named = {"launchTemplateId": "lt-1", "version": version, "__defaults": [version]}
    return {"mixedInstancesPolicy": {"launchTemplate": {"launchTemplateSpecification": named}}}


def past(*happened: tuple[str, str, str, float | None]) -> list[Event]:
    """Events of a fleet, newest first, from (SHA, outcome, template version, seconds), oldest first."""
    found = [
        replace(DEPLOY, at=DEPLOY.at + timedelta(hours=hour), sha=sha, outcome=end, template_version=version, seconds=s)
        for hour, (sha, end, version, s) in enumerate(happened)
    ]
    return found[::-1]


def test_another_release_replaces_a_fleets_instances():
    """The fleet, its group and both SHAs, from what the engine printed."""
    said = (Path(__file__).with_name("data") / "new-sha.jsonl").read_text(encoding="utf-8")
    assert touched(events.read(said).steps) == [
        Touched(fleet="web", group="slipway-sandbox-web", becomes="replaced", old=OLD, new=NEW, least=3)
    ]


def test_other_bounds_replace_nothing():
    """A group that may only grow further keeps its instances, also where its template is in a policy."""
    for same in (template("1"), mixed("1")):
        assert touched([group("update", same, {**same, "maxSize": 9})]) == []


@pytest.mark.parametrize("shape", [template, mixed])
def test_a_template_that_is_there_already(shape: Any):
    """After a failed deploy the state has the template's new version, and the group gets it: that is known."""
    (found,) = touched([group("update", shape("1"), shape("2"))])
    assert (found.becomes, found.template) == ("replaced", Template(id="lt-1", version="2"))
    (found,) = touched([group("update", shape("1"), shape(UNKNOWN))])
    assert (found.becomes, found.template) == ("replaced", None)


def test_fleets_that_come_and_go():
    """What is made has its least size, what is removed no release any more."""
    made, gone = touched([group("create", {}, template("1"))]), touched([group("delete", template("1"), {})])
    assert [(each.becomes, each.least) for each in (*made, *gone)] == [("created", 3), ("deleted", None)]


def test_what_a_rollback_would_go_to():
    """The last good release but the new one: also if the new one was deployed before, and not one that failed."""
    events = past((A, "succeeded", "1", None), (B, "succeeded", "2", None), (C, "failed", "3", None))
    assert rollback([C], events) == B
    assert rollback([B], events) == A
    assert rollback([A], past((A, "succeeded", "1", None))) is None


def test_fleets_roll_side_by_side():
    """Instances add up, steps and time are those of the longest; what is made or was never rolled out is told apart."""
    web = FleetFacts(
        fleet="web", group="g", becomes="replaced", instances=6, steps=3, took=Took(seconds=60, rollouts=5)
    )
    api = replace(web, fleet="api", instances=3, steps=1, took=None)
    new = replace(web, fleet="new", becomes="created", instances=9)
    facts = Facts(fleets=(web, api, new))
    assert (facts.instances, facts.steps, facts.seconds, facts.unmeasured) == (9, 3, 60, ("api",))
    assert Facts(fleets=(web, replace(api, steps=None))).steps is None
    assert (Facts().instances, Facts().steps, Facts().seconds) == (0, None, None)
