"""A release phase, against an EC2 and logs that are played: what is launched, followed, noted, refused and ended."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any, cast

import pytest

from release.errors import RolloutError
from release.phase.decide import FAILED, STOPPED, SUCCEEDED, Ended
from release.phase.run import Phase
from release.phase.spec import PhaseSpec, Place, Running
from release.store.notes import Note, note

SPEC = PhaseSpec(
    stack="prod",
    fleet="web",
    log_group="/slipway/prod/web",
    sha="a" * 40,
    digest="d" * 64,
    command="migrate",
    timeout=900,
    boot_timeout=300,
)
PLACE = Place(template="lt-1", version="3", user_data="x", subnets=("subnet-1",), types=("t3.small",), tags={})
WELL = Ended(0, 2, 4, "")


@dataclass
class Kept:
    """Notes in memory."""

    notes: list[Note] = field(default_factory=list[Note])

    def add(self, note: Note) -> str:
        self.notes.insert(0, note)
        return ""

    def newest(self, stack: str, limit: int = 1) -> list[Note]:
        return self.notes[:limit]


@dataclass
class World:
    """EC2 and the logs: `ends` is how the command ends on each instance, by its id; with none, it hangs."""

    ends: dict[str, Ended | None] = field(default_factory=dict[str, Ended | None])
    under_way: list[Running] = field(default_factory=list[Running])
    gone: set[str] = field(default_factory=set[str])
    launched: dict[str, str] = field(default_factory=dict[str, str])
    """Instances by their client token."""
    kept: Kept = field(default_factory=Kept)
    done: Kept = field(default_factory=Kept)
    said: list[str] = field(default_factory=list[str])
    interrupted: Event = field(default_factory=Event)
    instance: str = ""
    lines: list[str] = field(default_factory=lambda: ["one", "two"])
    count: int = 0

    def running(self, stack: str) -> list[Running]:
        return self.under_way

    def launch(self, spec: PhaseSpec, place: Place, token: Callable[[str, str], str]) -> str:
        return self.launched.setdefault(token("subnet-1", "t3.small"), f"i-{len(self.launched) + 1}")

    def goes_on(self, instance: str) -> bool:
        return instance not in self.gone

    def end(self, instance: str) -> None:
        self.gone.add(instance)

    @property
    def last(self) -> deque[str]:
        return deque(["one", "two"])

    def more(self) -> list[str]:
        come, self.lines = self.lines, []
        self.count += len(come)
        return come

    def ended(self) -> Ended | None:
        return self.ends.get(self.instance)

    def output(self, spec: PhaseSpec, instance: str) -> World:
        self.instance = instance
        return self

    @contextmanager
    def guard(self, instance: str) -> Generator[World]:
        yield self

    def run(self, **changes: Any) -> None:
        everything = cast("Any", self)
        Phase(
            replace(SPEC, **changes),
            instances=everything,
            notes=self.kept,
            done=self.done,
            say=self.said.append,
            tell=lambda _: None,
            output=everything.output,
            guard=everything.guard,
        ).run(PLACE)

    @property
    def told(self) -> list[str]:
        return [each.what for each in reversed(self.kept.notes)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("release.phase.run._POLL", 0.01)
    monkeypatch.setattr("release.phase.run._LAST_WORD", 0.05)


def test_it_runs_once():
    """Its output is shown; a second `up` of the release finds that it has run, unless it is asked for again."""
    world = World(ends={"i-1": WELL, "i-2": WELL})
    world.run()
    assert [line for line in world.said if line.startswith("release |")] == ["release | one", "release | two"]
    assert (world.told, world.gone) == (["began", "succeeded"], {"i-1"})
    world.run()
    assert "does not run again" in world.said[-1]
    assert len(world.launched) == 1
    world.lines = ["again", "and again"]
    world.run(again=True)
    assert len(world.launched) == 2


def test_a_failure_says_why_and_what_it_said_and_another_try_is_another_instance():
    """Nothing is replaced, and nothing of it stays."""
    world = World(ends={"i-1": Ended(3, 2, 1, ""), "i-2": WELL})
    with pytest.raises(RolloutError, match=r"ended with 3 on i-1; its last output:\n    one\n    two"):
        world.run()
    assert (world.told, world.gone) == (["began", FAILED], {"i-1"})
    world.lines = ["one", "two"]
    world.run()
    assert world.told[-1] == SUCCEEDED
    assert len(world.launched) == 2


def test_ctrl_c_ends_the_instance():
    """That it was stopped is noted: it may have done some of its work."""
    world = World()
    world.interrupted.set()
    with pytest.raises(RolloutError, match="stopped by Ctrl-C"):
        world.run()
    assert (world.told, world.gone) == (["began", STOPPED], {"i-1"})


def test_an_instance_that_stays_is_ended_at_the_deadline(monkeypatch: pytest.MonkeyPatch):
    """It should have ended itself before."""
    clock = iter(range(0, 10_000_000, 500))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    world = World()
    with pytest.raises(RolloutError, match="was still there 1380 s after its launch"):
        world.run()
    assert world.gone == {"i-1"}


def test_an_instance_that_is_gone_without_a_word_has_failed():
    """Somebody terminated it."""
    world = World(gone={"i-1"})
    with pytest.raises(RolloutError, match="did not say how the command ended"):
        world.run()


def test_two_deployers_of_one_release_run_it_once():
    """Whether the second one finds the instance, or asks for it in the same moment."""
    world = World(under_way=[Running("i-9", SPEC.sha, SPEC.digest, "now")], ends={"i-9": WELL})
    world.run()
    assert (world.launched, world.told) == ({}, ["succeeded"])
    both = World(ends={"i-1": WELL})
    both.launched = world.launched
    both.run()
    other = World(ends={"i-1": WELL}, launched=both.launched)  # it read the notes before the first one wrote any
    other.run()
    assert list(both.launched.values()) == ["i-1"]


def test_one_that_ended_in_these_seconds_counts():
    """Its deployer noted it after this one had asked whether it has run."""
    world = World(ends={"i-1": WELL})
    world.kept.add(note("prod", SUCCEEDED, instance="i-0", **SPEC.facts))
    world.run()
    assert not world.launched


def test_another_release_must_not_run_beside_it():
    """It is refused with the instance, and nothing is launched."""
    world = World(under_way=[Running("i-9", "b" * 40, "e" * 64, "now")])
    with pytest.raises(RolloutError, match=r"release phase of b{40} is under way on i-9"):
        world.run()
    assert not world.launched


@pytest.mark.parametrize(("ended", "launched"), [(WELL, 0), (Ended(1, 0, 1, ""), 1), (None, 1)])
def test_what_nobody_saw_end(ended: Ended | None, launched: int):
    """A deployer was killed: its instance's last word counts, if there is one; else the phase runs anew."""
    world = World(ends={"i-0": ended, "i-1": WELL}, gone={"i-0"})
    world.kept.add(note("prod", "began", instance="i-0", **SPEC.facts))
    world.run()
    assert len(world.launched) == launched
    assert world.done.newest("prod")[0].what == SUCCEEDED
