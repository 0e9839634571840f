"""What an instance does that has scheduled work: its user data, under bash, with a group that is played."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from release.component.once import scheduled
from release.component.user_data import Boot, render
from release.rollout import runs
from release.rollout.runs import Job
from tests.release.component import test_boot, test_once
from tests.release.component.test_boot import Booting, booting, metadata, port
from tests.release.component.test_once import ships
from tests.waiting import until

__all__ = ["metadata", "port"]
pytestmark = pytest.mark.sandbox

GROUP = "slipway-prod-job-nightly"
PROTECTED = f"autoscaling set-instance-protection --auto-scaling-group-name {GROUP} --instance-ids i-0abc"
EMPTY = f"autoscaling set-desired-capacity --auto-scaling-group-name {GROUP} --desired-capacity 0"
LEAVES = (
    "autoscaling terminate-instance-in-auto-scaling-group --instance-id i-0abc --no-should-decrement-desired-capacity"
)
# An instance can't be protected as often as the file `refusals` has lines: it is not in service yet.
REFUSES = """case "$2" in
  set-instance-protection) [ ! -s "$REFUSALS" ] || { head -n 1 "$REFUSALS" >&2; sed -i 1d "$REFUSALS"; exit 254; } ;;
esac
"""
STANDS_IN = {**test_once.STANDS_IN, "aws": test_once.STANDS_IN["aws"] + REFUSES}
NOT_IN_SERVICE = "An error occurred (ValidationError): The instance i-0abc is not in InService.\n"


@dataclass
class Machine:
    """Where it runs."""

    folder: Path
    metadata: str
    port: int
    monkeypatch: pytest.MonkeyPatch

    @contextmanager
    def runs(self, command: str) -> Generator[tuple[Booting, subprocess.Popen[str]]]:
        """The user data of an instance whose time has come, as it runs; the command says in `calls` that it does."""

        def rendered(boot: Boot) -> str:
            told = f"echo the command >>{self.folder / 'calls'}; {command}"
            return render(scheduled(boot, group=GROUP, command=told, timeout=60, stream="schedule/nightly"))

        self.monkeypatch.setattr(test_boot, "render", rendered)
        with booting(self.folder, self.metadata, self.port, stands_in=STANDS_IN) as started:
            yield started

    def steps(self) -> list[str]:
        """What it did to its group, and when the command ran between that."""
        done = (self.folder / "calls").read_text().splitlines()
        return [line for line in done if line.startswith(("autoscaling", "the command", "shutdown"))]

    def told(self, *alive: str) -> Job:
        """What `status` makes of the journal of its runs, with these instances in the group."""
        lines = [runs.line(message, 0.0) for message in ships(self.folder)["schedule/nightly"]]
        return runs.job("nightly", "web", [line for line in lines if line], alive)


@pytest.fixture
def machine(tmp_path: Path, metadata: str, port: int, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, metadata, port, monkeypatch)


PROTECTS = f"{PROTECTED} --protected-from-scale-in"


@pytest.mark.parametrize("status", [0, 3])
def test_it_runs_once_tells_how_it_ended_and_leaves_the_group_empty(machine: Machine, status: int):
    """The group is empty before the command begins, and no other instance follows; a boot later repeats nothing."""
    with machine.runs(f"echo works; exit {status}") as (instance, process):
        assert process.wait(60) == status
        assert machine.steps() == [PROTECTS, EMPTY, "the command", EMPTY, LEAVES]
        told = machine.told("i-0abc").last
        assert told
        assert (told.state, told.exit, told.instance, told.sha) == ("ended", status, "i-0abc", "a" * 40)
        assert ships(machine.folder)["schedule/nightly/i-0abc"] == ["works"]
        instance.reboots().communicate(timeout=60)
        assert machine.steps()[5:] == [EMPTY, LEAVES]
        again = machine.told().last
        assert again
        assert (again.state, again.exit) == ("ended", status)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_lost_midway_is_told_as_that(machine: Machine, how: signal.Signals):
    """The group was emptied before, so that nothing replaces the instance; `status` says `lost`."""
    with machine.runs("echo works; exec $REAL_SLEEP 300") as (_, process):
        until(lambda: ships(machine.folder).get("schedule/nightly/i-0abc") == ["works"])
        assert str(machine.told("i-0abc")).endswith("running on i-0abc")
        os.killpg(process.pid, how)
        process.wait(60)
        assert machine.steps() == [PROTECTS, EMPTY, "the command"]
        assert str(machine.told()).endswith("lost midway on i-0abc")


def test_an_instance_that_is_booted_again_midway_does_not_repeat_it(machine: Machine):
    """It says that the run was lost, and why, and leaves."""
    with machine.runs("echo works; exec $REAL_SLEEP 300") as (instance, process):
        until(lambda: ships(machine.folder).get("schedule/nightly/i-0abc") == ["works"])
        os.killpg(process.pid, signal.SIGKILL)
        subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)  # what has process groups of its own
        instance.reboots().communicate(timeout=60)
        assert machine.steps() == [PROTECTS, EMPTY, "the command", EMPTY, LEAVES]
        assert "lost midway on i-0abc (the instance was booted again" in str(machine.told())


def test_it_waits_until_it_is_in_service(machine: Machine):
    """An instance can't be protected before, and nothing runs until it is."""
    (machine.folder / "refusals").write_text(NOT_IN_SERVICE * 3)
    with machine.runs("true") as (_, process):
        assert process.wait(60) == 0
        assert machine.steps() == [PROTECTS] * 4 + [EMPTY, "the command", EMPTY, LEAVES]


def test_where_the_group_cannot_be_emptied_nothing_runs(machine: Machine):
    """For it might run twice; the instance leaves, and `status` says why."""
    (machine.folder / "refusals").write_text(NOT_IN_SERVICE * 24)
    with machine.runs("true") as (_, process):
        assert process.wait(60) == 1
        assert machine.steps() == [PROTECTS] * 24 + [EMPTY, LEAVES]
        said = str(machine.told())
        assert f"could not begin (cannot make {GROUP} empty again, and it might run twice" in said
        assert "is not in InService" in said
