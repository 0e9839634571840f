"""Releases that are bad in one way each: what serves afterwards is what served before, and `up` says so."""

from __future__ import annotations

import time

import pytest

from tests.engine.conftest import Load
from tests.reliability.fleet import Fleet
from tests.reliability.test_traffic import awaited

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(600)]

RATE = 200  # requests a second
WATCHED = {"rollout": {"warmup": 0, "bake": 150, "timeout": 290}, "alarms": {"unhealthyHosts": False}}


def test_an_app_that_exits_is_rolled_back_by_abandon(fleet: Fleet):
    """Three boots that fail end it, long before any deadline; no request is lost."""
    good = fleet.serves()
    serving = set(fleet.instances())
    load = Load(fleet.url(), RATE)
    began = time.monotonic()
    ran = fleet.deploy(fleet.release("exits"))
    took = time.monotonic() - began
    answers = load.end()
    assert ran.code != 0
    assert "no database" in fleet.rolled_back_by(ran)
    assert answers == {"releases": {good: sum(answers["releases"].values())}, "failed": {}}
    assert set(fleet.instances()) == serving
    fleet.whole(good)
    print(f"FIGURE row 1 exits: {took:.0f} s, {answers}")


def test_an_app_that_is_never_healthy_is_rolled_back_by_the_deadline(fleet: Fleet):
    """The boot's deadline ends it, and the message says what the health check answered."""
    good = fleet.serves()
    load = Load(fleet.url(), RATE, seconds=240)
    began = time.monotonic()
    ran = fleet.deploy(fleet.release("never"))
    took = time.monotonic() - began
    answers = load.end()
    assert ran.code != 0
    assert "503" in fleet.rolled_back_by(ran)
    assert answers == {"releases": {good: sum(answers["releases"].values())}, "failed": {}}
    fleet.whole(good)
    print(f"FIGURE row 1 never healthy: {took:.0f} s, {answers}")


def test_errors_under_load_are_rolled_back_by_the_alarm_and_the_mend_is_not(fleet: Fleet):
    """A release that boots and then answers 500 is taken back while it bakes; the mend waits until that is over."""
    fleet.configure(**WATCHED)
    try:
        good = fleet.serves()
        load = Load(fleet.url(), RATE, seconds=400)
        began = time.monotonic()
        ran = fleet.deploy(fleet.release("errors"))
        took = time.monotonic() - began
        answers = load.end()
    finally:
        fleet.configure()
    assert ran.code != 0
    assert "alarm" in fleet.rolled_back_by(ran).lower()
    assert set(answers["failed"]) == {"500"}
    fleet.whole(good)
    print(f"FIGURE row 1 errors: {took:.0f} s, {answers}")
    assert alarms(fleet)
    load = Load(fleet.url(), RATE, seconds=400)
    began = time.monotonic()
    mend = fleet.good()
    took = time.monotonic() - began
    answers = load.end()
    assert answers["failed"] == {}
    assert not alarms(fleet)
    fleet.whole(mend)
    print(f"FIGURE row 1 the mend, with the alarm on: {took:.0f} s, {answers}")


def test_workers_that_crash_on_requests_are_rolled_back_in_the_bake(fleet: Fleet):
    """Healthy by its health check, while the balancer answers 502 in its stead: that counts as the fleet's error."""
    fleet.configure(**WATCHED)
    try:
        good = fleet.serves()
        load = Load(fleet.url(), RATE, seconds=400)
        began = time.monotonic()
        ran = fleet.deploy(fleet.release("crashes"))
        took = time.monotonic() - began
        answers = load.end()
    finally:
        fleet.configure()
    assert ran.code != 0
    assert "alarm" in fleet.rolled_back_by(ran).lower()
    assert "errors" in fleet.rolled_back_by(ran)
    assert set(answers["failed"]) == {"502"}
    fleet.whole(good)
    print(f"FIGURE row 1 crashes: {took:.0f} s, {answers}, {fleet.rolled_back_by(ran)}")
    awaited(lambda: not alarms(fleet), "an alarm stayed on", 200)


def test_an_alarm_that_the_live_release_sets_off_does_not_stop_the_mend(fleet: Fleet):
    """Without requests nobody notices that a release is bad; with them, the next one is deployed all the same."""
    assert "answers 500" in fleet.deploy(fleet.release("errors")).said
    fleet.configure(rollout={"warmup": 0, "bake": 0, "timeout": 120, "alarmWait": 5})
    load = Load(fleet.url(), RATE, seconds=400)
    try:
        awaited(lambda: alarms(fleet), "no alarm went on", 200)
        mend = fleet.release("good")
        began = time.monotonic()
        ran = fleet.deploy(mend)
        took = time.monotonic() - began
    finally:
        answers = load.end()
        fleet.configure()
    assert ran.code == 0, ran.said
    assert "errors was already firing (since" in ran.said
    assert "is ignored for this rollout" in fleet.ledger()
    assert set(answers["releases"]) == {mend}
    assert set(answers["failed"]) == {"500"}
    fleet.whole(mend)
    print(f"FIGURE row 1 the mend of what is live: {took:.0f} s, {answers}")
    awaited(lambda: not alarms(fleet), "an alarm went on", 400)


def alarms(fleet: Fleet) -> list[str]:
    """The alarms that are on."""
    shown = fleet.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
    return [alarm["AlarmName"] for alarm in shown]


def test_a_slow_start_within_the_boot_timeout_is_waited_for(fleet: Fleet):
    """Twelve seconds until it listens are no reason to roll back."""
    slow = fleet.release("slow")
    load = Load(fleet.url(), RATE)
    began = time.monotonic()
    ran = fleet.deploy(slow)
    took = time.monotonic() - began
    answers = load.end()
    assert ran.code == 0, ran.said
    assert answers["failed"] == {}
    fleet.whole(slow)
    print(f"FIGURE row 1 slow start: {took:.0f} s, {answers}")


def test_bad_then_bad_then_good(fleet: Fleet):
    """The same bad release fails twice; going back to what serves replaces no instance."""
    good = fleet.serves()
    serving = set(fleet.instances())
    bad = fleet.release("exits")
    first, second, back = fleet.deploy(bad), fleet.deploy(bad), fleet.deploy(good)
    assert (first.code != 0, second.code != 0, back.code) == (True, True, 0)
    assert set(fleet.instances()) == serving
    fleet.whole(good)
