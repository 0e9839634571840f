"""What clients see of good deploys, of the way back, and of a fleet that changes its size meanwhile: nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from subprocess import Popen

import pytest

from tests.engine.conftest import GROUP, Load
from tests.reliability.client import Client
from tests.reliability.fleet import Fleet

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(600)]

RATE = 200  # requests a second


def awaited(true: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Waits until something is true; AWS has no way to be told."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s: {what}"
        time.sleep(0.2)


def refreshing(fleet: Fleet, before: int) -> None:
    """Waits until a refresh is under way with a new instance booting."""
    awaited(lambda: len(fleet.refreshes()) > before, "no refresh began")
    awaited(lambda: len(fleet.group()["Instances"]) > fleet.group()["DesiredCapacity"], "no instance was launched")


def ended(process: Popen[str]) -> tuple[int, str]:
    """The exit code and output of a command that was begun."""
    said, _ = process.communicate(timeout=300)
    print(said)
    return process.returncode, said


def test_a_deploy_loses_nothing_of_three_kinds_of_traffic(fleet: Fleet):
    """Many short requests, connections kept through the drain, and slow answers in flight at termination."""
    old, new = fleet.serves(), fleet.release("good")
    url = fleet.url()
    load = Load(url, RATE)
    kept = Client(url, "/", threads=10, pause=0.1)
    slow = Client(url, "/slow", threads=10, pause=0.01)
    ran = fleet.deploy(new)
    seen = (load.end(), kept.end(), slow.end())
    assert ran.code == 0, ran.said
    assert seen[0]["failed"] == {}
    assert set(seen[0]["releases"]) == {old, new}
    assert set(seen[1]) == set(seen[2]) == {"200"}
    fleet.whole(new)
    print(f"FIGURE row 2 deploy: {seen}, kept connections reopened {kept.reconnected}")


def test_a_rollback_loses_no_request(fleet: Fleet):
    """`python -m release rollback`, without git or the engine, goes to the release before, unseen by clients."""
    old = fleet.good()
    new = fleet.good()
    load = Load(fleet.url(), RATE)
    ran = fleet.shell("python -m release rollback")
    answers = load.end()
    assert ran.code == 0, ran.said
    assert answers["failed"] == {}
    assert set(answers["releases"]) == {old, new}
    fleet.whole(old)
    print(f"FIGURE row 2 rollback: {answers}")


def test_scaling_out_in_mid_refresh_loses_no_request_and_mixes_nothing(fleet: Fleet):
    """The instances that are added run the release that is rolled out."""
    new = fleet.release("good")
    before = len(fleet.refreshes())
    load = Load(fleet.url(), RATE)
    deploy = fleet.begin(new)
    refreshing(fleet, before)
    fleet.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=5)
    code, said = ended(deploy)
    answers = load.end()
    assert code == 0, said
    assert answers["failed"] == {}
    fleet.whole(new, size=5)
    assert len(fleet.versions()) == 1
    print(f"FIGURE row 2 and 12 scale-out: {answers}")
    scaled_in(fleet)


def test_scaling_out_in_a_bad_refresh_leaves_none_of_it(fleet: Fleet):
    """What was added while a bad release was rolled out runs the good one after the rollback."""
    good, bad = fleet.serves(), fleet.release("never")
    before = len(fleet.refreshes())
    load = Load(fleet.url(), RATE, seconds=240)
    deploy = fleet.begin(bad)
    refreshing(fleet, before)
    fleet.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=5)
    code, _ = ended(deploy)
    awaited(lambda: len(fleet.instances()) == 5, "the group did not reach its size", 120)
    awaited(lambda: all(m["LifecycleState"] == "InService" for m in fleet.group()["Instances"]), "in service", 120)
    answers = load.end()
    assert code != 0
    assert set(answers["releases"]) == {good}
    assert answers["failed"] == {}
    fleet.whole(good, size=5)
    print(f"FIGURE row 12 bad: {answers}")
    scaled_in(fleet)


def scaled_in(fleet: Fleet) -> None:
    """Takes the fleet back to three."""
    fleet.client("autoscaling").set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=3)
    awaited(lambda: len(fleet.instances()) == 3, "the group did not shrink")
