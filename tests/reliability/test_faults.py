"""AWS on a bad day, by `python -m sandbox fault`: instances or zones lost, no capacity, throttling, latency."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from tests.engine.conftest import GROUP, Load, Ran
from tests.reliability.fleet import Fleet
from tests.reliability.test_outages import published, refused, said
from tests.reliability.test_traffic import awaited, ended, refreshing

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(700)]

RATE = 200  # requests a second


def fault(fleet: Fleet, *words: str) -> Ran:
    """`python -m sandbox fault ...`, which has to succeed."""
    ran = fleet.run(sys.executable, "-m", "sandbox", "fault", *words)
    assert ran.code == 0, ran.said
    return ran


@pytest.fixture(autouse=True)
def _mended(fleet: Fleet) -> Iterator[None]:
    yield
    fault(fleet, "clear")


def settled(fleet: Fleet, size: int = 3) -> None:
    """Waits until that many instances are in service and nothing else is there."""

    def calm() -> bool:
        members = fleet.group()["Instances"]
        return len(members) == size and all(member["LifecycleState"] == "InService" for member in members)

    awaited(calm, "the fleet did not settle", 120)


@pytest.mark.parametrize("words", [["throttle", "2"], ["latency", "-1"], ["zone", "nowhere"], ["instance", "i-0"]])
def test_a_fault_that_there_cannot_be_is_one_clear_error(fleet: Fleet, words: list[str]):
    """It exits with an error, without a traceback."""
    ran = fleet.run(sys.executable, "-m", "sandbox", "fault", *words)
    assert ran.code != 0
    assert "Traceback" not in ran.said
    assert "error" in ran.said


@pytest.mark.parametrize("what", ["instance", "zone"])
def test_what_is_lost_in_mid_refresh_is_made_up_for(fleet: Fleet, what: str):
    """The deploy succeeds, the others absorb, and once the health check has noticed no request fails."""
    new = fleet.release("good")
    before = len(fleet.refreshes())
    load = Load(fleet.url(), RATE, seconds=240)
    deploy = fleet.begin(new)
    refreshing(fleet, before)
    fault(fleet, "instance") if what == "instance" else fault(fleet, "zone", "eu-west-1a")
    time.sleep(20)  # interval 5 s, twice, and what is left is a margin: from here on it has been noticed
    first = load.end()
    load = Load(fleet.url(), RATE, seconds=240)
    code, said = ended(deploy)
    settled(fleet)
    later = load.end()
    print(f"FIGURE row 6 {what}: in the first 20 s {first}, later {later}")
    assert code == 0, said
    assert later["failed"] == {}
    fleet.whole(new)
    zones = set(fleet.instances().values())
    assert ("eu-west-1a" in zones) is (what == "instance")


def boots(fleet: Fleet, instance: str, sha: str) -> int:
    """How often an instance said that it is ready with that release."""
    logs = fleet.client("logs")
    said = logs.get_log_events(logGroupName="/slipway/sandbox/web", logStreamName=instance, startFromHead=True)
    return sum('"ready"' in event["message"] and sha in event["message"] for event in said["events"])


def test_an_instance_that_is_rebooted_serves_the_same_again(fleet: Fleet):
    """Nothing is replaced, and from its second `ready` on no request fails."""
    settled(fleet)
    good, serving = fleet.serves(), set(fleet.instances())
    load = Load(fleet.url(), RATE, seconds=240)
    instance = fault(fleet, "reboot").last.split()[-1]
    began = time.monotonic()
    awaited(lambda: boots(fleet, instance, good) == 2, "it did not boot again")
    took = time.monotonic() - began
    answers = load.end()
    print(f"FIGURE row 6 reboot: ready again after {took:.1f} s, {answers}")
    assert set(answers["failed"]) <= {"502"}
    assert set(fleet.answers(300)) == {good}  # raises where one is an error
    assert set(fleet.instances()) == serving
    fleet.whole(good)


def test_a_shortage_fails_no_release(fleet: Fleet):
    """Three of five are there, and AWS launches no more: the release that they serve is deployed, with a warning."""
    settled(fleet)
    good, serving, scaling = fleet.serves(), set(fleet.instances()), fleet.client("autoscaling")
    fault(fleet, "no-capacity")
    load = Load(fleet.url(), RATE, seconds=240)
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=5)
    try:
        began = time.monotonic()
        ran = fleet.deploy(good)
        took = time.monotonic() - began
    finally:
        scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=3)
    answers = load.end()
    print(f"FIGURE row 6 shortage: exit {ran.code} after {took:.0f} s, {answers}")
    assert ran.code == 0, ran.said
    assert "2 of 5 instances are missing" in ran.said
    assert "sufficient t3.small capacity" in ran.said
    assert answers["failed"] == {}
    assert set(fleet.instances()) == serving
    fleet.whole(good)


def test_without_capacity_it_waits_and_then_says_so(fleet: Fleet):
    """The deploy ends at its deadline with an error that names the capacity; the old release serves on."""
    fleet.configure(rollout={"warmup": 0, "bake": 0, "timeout": 75})
    try:
        settled(fleet)
        good = fleet.serves()
        fault(fleet, "no-capacity")
        load = Load(fleet.url(), RATE, seconds=240)
        began = time.monotonic()
        ran = fleet.deploy(fleet.release("good"))
        took = time.monotonic() - began
        answers = load.end()
    finally:
        fleet.configure()
    print(f"FIGURE row 6 no-capacity: {took:.0f} s, {answers}, {fleet.rolled_back_by(ran)[:300]}")
    assert ran.code != 0
    assert "Traceback" not in ran.said
    assert answers["failed"] == {}
    assert "not finished in time" in ran.said
    assert "sufficient t3.small capacity" in ran.said
    fleet.whole(good)


@pytest.mark.parametrize(
    "words", [["throttle", "0.5"], ["latency", "2"], ["reset", "0.2"], ["lose", "0.2"]], ids=" ".join
)
def test_a_deploy_through_bad_answers_ends_well(fleet: Fleet, words: list[str]):
    """Half of all calls refused, each two seconds late, a fifth reset, or done and not answered: nothing is twice."""
    settled(fleet)
    good, new = fleet.serves(), fleet.release("good")
    before = len([refresh for refresh in fleet.refreshes() if refresh["Status"] == "Successful"])
    load = Load(fleet.url(), RATE, seconds=600)
    fault(fleet, *words)
    began = time.monotonic()
    ran = fleet.deploy(new, timeout=540)
    took = time.monotonic() - began
    fault(fleet, "clear")
    answers = load.end()
    print(f"FIGURE row 7 {words}: exit {ran.code} after {took:.0f} s, {answers}, {fleet.rolled_back_by(ran)[:300]}")
    assert answers["failed"] == {}
    assert set(answers["releases"]) <= {good, new}
    assert ran.code == 0, ran.said
    settled(fleet)
    fleet.whole(new)
    assert len([refresh for refresh in fleet.refreshes() if refresh["Status"] == "Successful"]) == before + 1


def test_an_artifact_that_may_not_be_read_never_serves(fleet: Fleet):
    """Access denied at boot: the instance says so and is abandoned, and the old release serves on."""
    settled(fleet)
    good, serving = fleet.serves(), set(fleet.instances())
    sha, _, key = published(fleet)
    fault(fleet, "deny", key)
    ran = fleet.deploy(sha)
    print(f"FIGURE row 3 denied: {said(ran)}")
    refused(fleet, ran, good, serving)
    assert "denied" in ran.said.lower() or "Forbidden" in ran.said


def test_an_artifact_that_instances_may_not_read_never_serves(fleet: Fleet):
    """The deployer may, the instances' role may not: they say so and are abandoned, and the old release serves on."""
    settled(fleet)
    good, serving = fleet.serves(), set(fleet.instances())
    sha, _, key = published(fleet)
    fault(fleet, "deny", key, "--only", "instances")
    load = Load(fleet.url(), RATE, seconds=240)
    ran = fleet.deploy(sha)
    answers = load.end()
    print(f"FIGURE row 3 denied to instances: {answers}, {fleet.rolled_back_by(ran)[:300]}")
    refused(fleet, ran, good, serving)
    assert "3 instances could not boot it" in ran.said
    assert "Forbidden" in ran.said or "denied" in ran.said.lower()
    assert answers["failed"] == {}


def test_instances_whose_clock_is_off_never_serve(fleet: Fleet):
    """AWS refuses whatever they sign, so they can't even say why: the deadline takes them back."""
    fleet.configure(rollout={"warmup": 0, "bake": 0, "timeout": 75})
    try:
        settled(fleet)
        good, serving, new = fleet.serves(), set(fleet.instances()), fleet.release("good")
        fault(fleet, "clock", "1000", "--only", "instances")
        load = Load(fleet.url(), RATE, seconds=240)
        began = time.monotonic()
        ran = fleet.deploy(new)
        took = time.monotonic() - began
        answers = load.end()
    finally:
        fleet.configure()
    print(f"FIGURE row 11 clock of instances: {took:.0f} s, {answers}, {fleet.rolled_back_by(ran)[:300]}")
    refused(fleet, ran, good, serving)
    assert "not finished in time" in ran.said
    assert answers["failed"] == {}


def test_credentials_that_expire_while_it_waits(fleet: Fleet):
    """The error says what goes on without it and what to do; the same `up` with new credentials follows it."""
    settled(fleet)
    new, before = fleet.release("good"), len(fleet.refreshes())
    load = Load(fleet.url(), RATE, seconds=300)
    deploy = fleet.begin(new)
    refreshing(fleet, before)
    fault(fleet, "expired", "--only", "others")
    code, seen = ended(deploy)
    fault(fleet, "clear")
    assert code != 0
    assert "Traceback" not in seen
    assert "AWS could not be asked" in seen
    assert "expired" in seen
    assert "continues in AWS" in seen
    again = fleet.deploy(new)
    answers = load.end()
    print(f"FIGURE expired: then exit {again.code}, {answers}")
    assert again.code == 0, again.said
    assert len(fleet.refreshes()) == before + 1
    assert answers["failed"] == {}
    fleet.whole(new)
