"""What happens once before the first of several fleets is touched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from release.component.gate import Gate
from release.errors import ReleaseError

Say = Callable[[str], None]


def come(gate: Gate, *fleets: str) -> list[str]:
    """What each fleet comes to at the gate, all at once: "" or its error."""

    async def one(fleet: str) -> str:
        try:
            await gate.passed(fleet, print, print)
        except ReleaseError as error:
            return str(error)
        return ""

    async def everyone() -> list[str]:
        return await asyncio.gather(*(one(fleet) for fleet in fleets))

    return asyncio.run(everyone())


def test_steps_run_once_in_order_before_any_fleet_goes_on():
    """Three fleets come side by side: each step runs once, one after the other."""
    ran: list[str] = []

    def step(name: str) -> Callable[[Say, Say], asyncio.Future[None]]:
        async def run(_tell: Say, _warn: Say) -> None:
            ran.append(f"{name} begins")
            await asyncio.sleep(0)
            ran.append(f"{name} ends")

        return lambda tell, warn: asyncio.ensure_future(run(tell, warn))

    gate = Gate()
    gate.add(step("hook"))
    gate.add(step("phase"))
    assert come(gate, "web", "api", "jobs") == ["", "", ""]
    assert ran == ["hook begins", "hook ends", "phase begins", "phase ends"]


def test_a_step_that_fails_lets_no_fleet_through():
    """The fleet that came first has the error, the others say whose it is; no later step runs."""
    ran: list[str] = []

    async def fail(_tell: Say, _warn: Say) -> None:
        raise ReleaseError("the migration ended with 1")

    async def later(_tell: Say, _warn: Say) -> None:
        ran.append("later")

    gate = Gate()
    gate.add(fail)
    gate.add(later)
    said = come(gate, "web", "api")
    assert said == [
        "the migration ended with 1",
        "fleet api: was not touched, for the reason that is given for fleet web",
    ]
    assert not ran


def test_a_fleet_that_is_given_up_does_not_stop_the_others():
    """The steps belong to all fleets: one whose wait is cancelled leaves them running."""
    ran: list[str] = []

    async def both() -> None:
        gate, begun, go = Gate(), asyncio.Event(), asyncio.Event()

        async def step(_tell: Say, _warn: Say) -> None:
            begun.set()
            await go.wait()
            ran.append("step")

        gate.add(step)
        first = asyncio.ensure_future(gate.passed("web", print, print))
        await begun.wait()
        second = asyncio.ensure_future(gate.passed("api", print, print))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        go.set()
        await second

    asyncio.run(both())
    assert ran == ["step"]


@pytest.mark.parametrize("failure", [None, "web does not boot"])
def test_the_end_comes_once_and_only_if_something_began(failure: str | None):
    """An `up` that rolls nothing out has no end; one that follows what another began has."""
    ends: list[str | None] = []

    async def ending(failure: str | None) -> None:
        ends.append(failure)

    async def come_to_an_end() -> None:
        gate = Gate()
        gate.add_ending(ending)
        await gate.end(failure)
        assert ends == []
        gate.begin()
        await gate.end(failure)
        await gate.end("another fleet's")

    asyncio.run(come_to_an_end())
    assert ends == [failure]
