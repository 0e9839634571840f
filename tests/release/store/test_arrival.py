"""How long a release is waited for, and what becomes of a deploy that waits in vain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from release.errors import StoreError
from release.store.arrival import Requirement, wait
from release.store.releases import Store
from release.store.replica import Recovery, Replica, State
from tests.release.store.test_manifest import MANIFEST

YES, NO = State(recovery=Recovery.RECOVERABLE), State(recovery=Recovery.NOT_YET, why="it has no artifact")
OTHER, DARK = State(recovery=Recovery.DIFFERS, why="it differs"), State(recovery=Recovery.UNKNOWN, why="no answer")


class Watched:
    """A replica that answers with states in turn, the last one for ever, and a clock that only pauses move."""

    region = "eu-central-1"

    def __init__(self, *states: State) -> None:
        self._states: Iterator[State] = iter(states)
        self._last = states[-1]
        self.now = 0.0
        self.pauses: list[float] = []

    def state(self, _: object) -> State:
        return next(self._states, self._last)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> tuple[State, float]:
        found = wait(cast("Replica", self), MANIFEST, seconds, clock=self.clock, pause=self.pause)
        return found.state, found.seconds


class Marked:
    """A store whose releases are all marked for replication."""

    def replicates(self, _: object) -> bool:
        return True


def test_what_is_there_is_not_waited_for():
    """One look."""
    assert Watched(YES).wait(900) == (YES, 0)


def test_it_is_looked_for_ever_less_often_until_it_is_there():
    """A region that did not answer may answer again."""
    watched = Watched(NO, DARK, NO, YES)
    state, seconds = watched.wait(900)
    assert state is YES
    assert watched.pauses == [0.25, 0.5, 1]
    assert seconds == sum(watched.pauses)


def test_the_wait_is_bounded():
    """The last pause ends with the time that was given; the last look is after it."""
    watched = Watched(NO)
    assert watched.wait(60) == (NO, 60)
    assert max(watched.pauses) <= 10


def test_what_differs_is_not_waited_for():
    """Replication never replaces one object by another."""
    assert Watched(NO, OTHER).wait(900) == (OTHER, 0.25)


def requirement(*states: State, required: bool = True, insisted: bool = False) -> Requirement:
    return Requirement(
        replica=cast("Replica", Watched(*states)),
        origin=cast("Store", Marked()),
        seconds=0,
        required=required,
        insisted=insisted,
    )


def warned(required: Requirement) -> list[str]:
    said: list[str] = []
    required.meet(MANIFEST, said.append, said.append)
    return said


@pytest.mark.parametrize("state", [NO, OTHER, DARK])
def test_a_deploy_of_what_is_not_recoverable_is_refused(state: State):
    """It says what is missing, that nothing was changed, what brings it over, and how to insist."""
    with pytest.raises(StoreError) as caught:
        warned(requirement(state))
    for part in (state.why, "No fleet was changed", "release replicate", "SLIPWAY_UNREPLICATED=1"):
        assert part in str(caught.value)


@pytest.mark.parametrize(("required", "insisted"), [(False, False), (True, True)])
def test_whoever_insists_is_warned(required: bool, insisted: bool):
    """And waits for nothing."""
    (said,) = warned(requirement(NO, YES, required=required, insisted=insisted))
    assert "deployed all the same" in said
    assert NO.why in said


def test_a_preview_says_what_a_deploy_would_wait_for():
    """A warning, and only where there is something to warn of."""
    assert requirement(YES).foresee(MANIFEST) is None
    assert "`pulumi up` will wait" in str(requirement(NO).foresee(MANIFEST))
    assert "`pulumi up` will be refused" in str(requirement(OTHER).foresee(MANIFEST))
    assert "deployed all the same" in str(requirement(NO, required=False).foresee(MANIFEST))
