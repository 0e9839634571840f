"""Removals side by side: who fails, who is quicker, who extends, who presses Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

import pytest

from release.engine import Ran
from release.errors import EngineError, ReleaseError
from release.review import sweep as sweeps
from release.review.decide import Fate, Kept, Verdict
from release.review.sweep import Swept

OVER = datetime(2026, 1, 28, tzinfo=timezone.utc)
DONE = Ran(code=0, lines=())
LOCKED = Ran(
    code=255,
    lines=(
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the",
        "  file:///state/locks/1.json: created by ann@build-1 (pid 7) at 2026-01-28T01:02:03Z",
    ),
)


def verdict(stack: str, fate: Fate = "remove", resources: int = 70) -> Verdict:
    return Verdict(stack=stack, fate=fate, why="its time is over", expires=OVER, resources=resources)


@dataclass
class Backend:
    """Does as the engine would; `ends` has how the destruction of a stack ends."""

    ends: dict[str, Ran | Callable[[], Ran]] = field(default_factory=dict[str, "Ran | Callable[[], Ran]"])
    done: list[str] = field(default_factory=list[str])
    forgotten: Ran = DONE

    def kept(self, stack: str) -> Kept:
        raise NotImplementedError

    def destroy(self, stack: str, show: Callable[[str], None]) -> Ran:
        self.done.append(f"destroy {stack}")
        end = self.ends.get(stack, DONE)
        return end if isinstance(end, Ran) else end()

    def forget(self, stack: str) -> Ran:
        self.done.append(f"forget {stack}")
        return self.forgotten


def swept(
    backend: Backend,
    *verdicts: Verdict,
    again: Callable[[Verdict], Verdict] = lambda same: same,
    stop: threading.Event | None = None,
    parallel: int = 2,
) -> dict[str, Swept]:
    found = sweeps.sweep(
        verdicts, backend, again, parallel=parallel, stop=stop or threading.Event(), show=lambda _: None
    )
    return {each.verdict.stack: each for each in found}


def test_a_stack_is_destroyed_and_then_forgotten():
    """Whoever is to stay is not touched."""
    backend = Backend()
    found = swept(backend, verdict("pr-1"), verdict("pr-2", "stray"), verdict("pr-3", "keep"), parallel=1)
    assert backend.done == ["destroy pr-1", "forget pr-1"]
    assert [each.outcome for each in found.values()] == ["removed", "listed", "kept"]
    assert [each.is_bad for each in found.values()] == [False, True, False]


def test_one_that_fails_stops_no_other():
    """It keeps its state, for the next sweep; so does one that is locked, and one whose engine was not done in time."""

    def late() -> Ran:
        raise EngineError("pulumi destroy was not done after 1800 s, and was ended")

    def dark(before: Verdict) -> Verdict:
        if before.stack == "pr-6":
            raise ReleaseError("look for review stacks: AWS refuses")
        return before

    ends = {"pr-1": Ran(code=255, lines=("error: DependencyViolation",)), "pr-2": LOCKED, "pr-3": late}
    backend = Backend(ends=dict(ends))
    found = swept(backend, *(verdict(f"pr-{number}") for number in range(1, 7)), again=dark)
    assert {name: each.outcome for name, each in found.items()} == {
        "pr-1": "failed",
        "pr-2": "busy",
        "pr-3": "failed",
        "pr-4": "removed",
        "pr-5": "removed",
        "pr-6": "failed",
    }
    assert "DependencyViolation" in found["pr-1"].why
    assert "created by ann@build-1 (pid 7)" in found["pr-2"].why
    assert "`pulumi cancel pr-2`" in found["pr-2"].why
    assert "1800 s" in found["pr-3"].why
    assert [each.is_bad for each in found.values()] == [True, True, True, False, False, True]
    assert sorted(line for line in backend.done if line.startswith("forget")) == ["forget pr-4", "forget pr-5"]


def test_what_another_sweep_has_removed_is_removed():
    """Whichever step finds it gone."""
    gone = Ran(code=255, lines=("error: no stack named 'pr-1' found",))

    def vanished(_: Verdict) -> Verdict:
        raise EngineError("pulumi stack export: no stack named 'pr-1' found")

    def same(verdict: Verdict) -> Verdict:
        return verdict

    for backend, again in (
        (Backend(ends={"pr-1": gone}), same),
        (Backend(forgotten=gone), same),
        (Backend(), vanished),
    ):
        assert swept(backend, verdict("pr-1"), again=again)["pr-1"].outcome == "removed"


def test_one_that_was_extended_meanwhile_stays():
    """It is looked at once more just before."""
    backend = Backend()
    found = swept(backend, verdict("pr-1"), again=lambda before: replace(before, fate="keep", why="not over"))
    assert (found["pr-1"].outcome, backend.done) == ("kept", [])


def test_ctrl_c_begins_no_other_and_ends_what_runs():
    """The engines are told by `stop`; it is raised again once they have ended."""
    stop = threading.Event()

    def interrupted() -> Ran:
        raise KeyboardInterrupt

    backend = Backend(ends={"pr-1": interrupted})
    with pytest.raises(KeyboardInterrupt):
        swept(backend, *(verdict(f"pr-{number}") for number in range(1, 9)), stop=stop, parallel=1)
    assert stop.is_set()
    assert len(backend.done) < 5


def test_a_dry_run_says_what_would_be():
    """And what is no stack's, or has nothing, is listed."""
    fates: dict[str, Fate] = {
        "pr-1": "remove",
        "pr-2": "empty",
        "pr-3": "stray",
        "pr-4": "keep",
        "pr-5": "unread",
    }
    found = sweeps.planned(verdict(stack, fate) for stack, fate in fates.items())
    assert [each.outcome for each in found] == ["to remove", "listed", "listed", "kept", "failed"]
    assert "`pulumi stack rm pr-2`" in found[1].why
    assert [each.is_bad for each in found] == [False, False, True, False, True]
