"""Tests of release/watch/rows.py and seen.py: what was seen, in words and as a document."""

from __future__ import annotations

import json
from dataclasses import replace

from release.watch import rows
from tests.release.watch.views import NEW, OLD, fleet, member, rolling, seen


def test_a_calm_fleet_is_one_row():
    """One release, all serving, by zone, with its requests."""
    cells = dict(zip(rows.FLEETS, rows.fleet(fleet()), strict=True))
    assert cells == {
        "FLEET": "web",
        "RELEASE": "aaaaaaaaaaaa",
        "SERVING": "3 of 3",
        "ZONES": "1a 1/1, 1b 1/1, 1c 1/1",
        "REQUESTS": "1,200 in 5 min",
        "FAILED": "0",
        "ROLLOUT": "-",
    }
    assert fleet().calm


def test_a_fleet_in_a_rollout_shows_both_releases_and_where_it_is():
    """How many serve which release, the next pause, and how long it takes yet; a booting instance serves nothing."""
    mixed = fleet(member(0), member(1), member(2, sha=NEW), member(3, sha=NEW, state="Pending:Wait", target="initial"))
    cells = dict(zip(rows.FLEETS, rows.fleet(fleet(*mixed.members, rolling=rolling())), strict=True))
    assert cells["RELEASE"] == "aaaaaaaaaaaa (2), bbbbbbbbbbbb (1)"
    assert cells["ZONES"] == "1a 1/2, 1b 1/1, 1c 1/1"
    assert cells["ROLLOUT"] == "InProgress 33%, to bbbbbbbbbbbb, pauses at 50%, about 2 min left"
    back = rolling(60, "RollbackInProgress", left="")
    assert rows.rolling(back) == "RollbackInProgress 60%, back"


def test_a_worker_has_no_requests():
    """Nor a load balancer to ask: it serves by its group's word. What could not be asked is `?`."""
    worker = fleet(*(member(number, target="") for number in range(3)), balanced=False, requests=None)
    assert worker.calm
    assert rows.fleet(worker)[4:6] == ("-", "-")
    assert rows.fleet(fleet(requests=None))[4:6] == ("?", "?")


def test_a_fleet_without_instances_shows_what_it_would_launch():
    """Of a stack that is kept for recovery, with its posture."""
    cells = rows.fleet(replace(fleet(desired=0, posture="pilot-light"), members=()))
    assert cells[1:4] == ("aaaaaaaaaaaa", "0 of 0 (pilot-light)", "-")


def test_the_worst_that_is_said_of_an_instance():
    """The group's word, where it is bad, and otherwise the load balancer's."""
    assert rows.health(member(0, health="Unhealthy")) == "Unhealthy"
    assert rows.health(member(0, target="unhealthy: Health checks failed")) == "unhealthy: Health checks failed"
    assert rows.health(member(0, target="")) == "Healthy"


def test_the_document_has_all_of_it():
    """As JSON, with the whole SHA and each instance; calm only if all was asked and nothing is wrong."""
    found = json.loads(json.dumps(rows.document(seen(fleet(rolling=rolling()), unknown=["requests: denied"]))))
    (only,) = found["fleets"]
    assert (found["stack"], found["at"], found["calm"]) == ("prod", "2026-01-02T03:04:05Z", False)
    assert only["releases"] == {OLD: 3}
    assert only["zones"]["eu-west-1a"] == {"serving": 1, "instances": 1}
    assert only["rollout"]["sha"] == NEW
    assert [each["id"] for each in only["instances"]] == ["i-0", "i-1", "i-2"]
    assert found["events"][0]["sha"] == OLD
    assert rows.document(seen())["calm"] is True
