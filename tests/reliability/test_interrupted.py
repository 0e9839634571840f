"""Deploys that are killed, that collide, and that have no good release to go back to."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Generator

import psutil
import pytest

from sandbox import processes
from tests.engine.conftest import Load, Ran
from tests.reliability.fleet import Fleet
from tests.reliability.test_traffic import RATE, ended, refreshing

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(900)]

MOMENTS = (0.5, 2, 4, 6, 8, 10, 13, 17)  # seconds after the engine began


def engine_of(fleet: Fleet) -> psutil.Process:
    """The `pulumi up` that runs, once it does."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for process in processes.find(fleet.checkout / ".sandbox", name="pulumi"):
            if "up" in process.cmdline():
                return process
        time.sleep(0.05)
    raise AssertionError("no `pulumi up` began")


def test_killed_at_eight_moments_the_next_up_converges(fleet: Fleet):
    """After kill -9 the same `up` again ends with the release serving, nothing left over, and the ledger complete."""
    for moment in MOMENTS:
        wanted = fleet.release("good")
        begun = fleet.begin(wanted)
        engine = engine_of(fleet)
        time.sleep(moment)  # the moment is what is tested
        if engine.is_running():
            engine.send_signal(signal.SIGKILL)
        code, _ = ended(begun)
        again = fleet.deploy(wanted)
        assert again.code == 0, f"killed after {moment} s: {again.said}"
        fleet.whole(wanted)
        events = [event for event in json.loads(fleet.ledger()) if event["sha"] == wanted]
        assert [event["outcome"] for event in events if event["outcome"] != "started"] == ["succeeded"]
        print(f"FIGURE row 4: killed after {moment} s: exit {code}, then 0 and {len(events)} events in the ledger")


def test_superseding_undoes_the_other_one_first(fleet: Fleet):
    """On purpose only: the rollout under way is rolled back to its end, then this one runs; no request is lost."""
    first, second, before = fleet.release("good"), fleet.release("good"), len(fleet.refreshes())
    load = Load(fleet.url(), RATE, seconds=300)
    fleet.configure(rollout={"warmup": 0, "bake": 240, "timeout": 330})
    begun = fleet.begin(first)
    refreshing(fleet, before)
    for process in processes.find(fleet.checkout / ".sandbox", name="pulumi"):
        process.kill()
    ended(begun)
    fleet.configure()
    refused = fleet.deploy(second)
    assert refused.code != 0
    assert "SLIPWAY_SUPERSEDE=1" in refused.said
    ran = fleet.deploy(second, SLIPWAY_SUPERSEDE="1")
    answers = load.end()
    assert ran.code == 0, ran.said
    assert answers["failed"] == {}
    assert [refresh["Status"] for refresh in fleet.refreshes()][:2] == ["Successful", "RollbackSuccessful"]
    fleet.whole(second)
    print(f"FIGURE row 5 superseded: {answers}")


@pytest.mark.parametrize("how", ["make", "pulumi"])
def test_of_two_at_once_one_wins(fleet: Fleet, how: str):
    """Two `up` of different releases within a second: one deploys, one is refused with a reason, nothing is mixed."""
    releases = [fleet.release("good"), fleet.release("good")]
    begin = fleet.begin if how == "make" else fleet.begin_pulumi
    begun = [begin(release) for release in releases]
    ends = [ended(process) for process in begun]
    won = [release for release, (code, _) in zip(releases, ends, strict=True) if code == 0]
    assert len(won) == 1, ends
    fleet.whole(won[0])
    assert len(fleet.versions()) == 1
    refused = next(said for code, said in ends if code != 0)
    assert "Traceback" not in refused
    print(f"FIGURE row 5 {how}: refused with {refused.strip().splitlines()[-3:]}")


@contextlib.contextmanager
def unwritable(fleet: Fleet, part: str) -> Generator[None]:
    """A file where the state backend has its folder: root, too, can write nothing below it."""
    folder = fleet.checkout / ".sandbox" / "pulumi" / part
    away = folder.with_name("away")
    folder.rename(away)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


def pulumi(fleet: Fleet, sha: str, command: str = "up --yes --skip-preview") -> Ran:
    """A plain `pulumi` command: unlike `make up` it leaves alone what another one left of its lock."""
    return fleet.shell(f"SLIPWAY_SHA={sha} pulumi {command} --non-interactive")


@pytest.mark.parametrize("part", [".pulumi/stacks", ".pulumi"])
def test_a_state_that_cannot_be_written_is_made_up_for_by_the_next_up(fleet: Fleet, part: str):
    """The rollout goes on and the release serves, while Pulumi fails; the next `up` replaces nothing.

    Where nothing at all of the backend can be written, the lock of the one that failed stays in it.
    """
    new, before = fleet.release("good"), len(fleet.refreshes())
    load = Load(fleet.url(), RATE, seconds=400)
    began = time.monotonic()
    begun = fleet.begin_pulumi(new)
    refreshing(fleet, before)
    with unwritable(fleet, part):
        code, said = ended(begun)
    took = time.monotonic() - began
    assert code != 0
    assert "failed to save snapshot" in said
    assert "Traceback" not in said
    serving = set(fleet.instances())
    fleet.whole(new)
    if part == ".pulumi":
        assert "locked" in pulumi(fleet, new).said
        assert fleet.shell("pulumi cancel --yes").code == 0
    again = pulumi(fleet, new)
    answers = load.end()
    print(f"FIGURE row 4 unwritable {part}: exit {code} after {took:.0f} s, then {again.code}, {answers}")
    assert again.code == 0, again.said
    assert set(fleet.instances()) == serving
    assert len(fleet.refreshes()) == before + 1
    assert answers["failed"] == {}
    fleet.whole(new)
    events = [event["outcome"] for event in json.loads(fleet.ledger()) if event["sha"] == new]
    assert sorted(events) == ["started", "succeeded"]
    shown = pulumi(fleet, new, "preview --expect-no-changes")
    assert shown.code == 0, shown.said
    assert "pending operations" not in shown.said


def test_a_rollback_to_a_release_that_does_not_boot_any_more_stops(fleet: Fleet):
    """It says so, and the instances that serve are left alone."""
    gone = fleet.release("poisoned")
    assert fleet.deploy(gone).code == 0
    current = fleet.good()
    serving = set(fleet.instances())
    fleet.poison.touch()
    try:
        ran = fleet.shell("python -m release rollback")
    finally:
        fleet.poison.unlink()
    assert ran.code != 0
    assert "no database" in ran.said
    assert "Traceback" not in ran.said
    assert set(fleet.instances()) == serving
    fleet.whole(current)
    print(f"FIGURE row 9: {ran.last}")
