"""Fleets that are deployed side by side: one's failure says what all of them came to."""

from __future__ import annotations

import asyncio

import pytest

from release.errors import ReleaseError
from release.rollout.together import Together


def test_a_failure_waits_for_the_others_and_says_what_all_serve():
    """What is asked while another fleet is still being rolled out would be out of date when it is read."""
    said: list[str] = []

    async def deploy() -> None:
        together, released = Together(2, lambda: f"  asked after {said}"), asyncio.Event()

        async def good() -> None:
            async with together.step():
                await released.wait()
                said.append("web ended")

        async def bad() -> None:
            async with together.step():
                asyncio.get_running_loop().call_later(0.05, released.set)
                raise ReleaseError("api: no")

        ended = await asyncio.gather(good(), bad(), return_exceptions=True)
        assert str(ended[1]) == "api: no\nNow all fleets:\n  asked after ['web ended']"

    asyncio.run(deploy())


def test_two_that_fail_do_not_wait_for_one_another():
    """Each has ended when it waits."""

    async def deploy() -> None:
        together = Together(2, lambda: "  all")

        async def bad(name: str) -> None:
            async with together.step():
                await asyncio.sleep(0)
                raise ReleaseError(name)

        ended = await asyncio.wait_for(asyncio.gather(bad("a"), bad("b"), return_exceptions=True), 5)
        assert [str(end) for end in ended] == ["a\nNow all fleets:\n  all", "b\nNow all fleets:\n  all"]

    asyncio.run(deploy())


def test_a_fleet_that_is_alone_has_said_it_all():
    """No second question to AWS, no second answer."""

    async def deploy() -> None:
        with pytest.raises(ReleaseError) as refused:
            async with Together(1, lambda: pytest.fail("it was asked")).step():
                raise ReleaseError("web: no")
        assert str(refused.value) == "web: no"

    asyncio.run(deploy())


def test_where_the_others_cannot_be_asked_the_first_error_stays():
    """The reason of the failure is not hidden by a second one."""

    def report() -> str:
        raise ReleaseError("no answer")

    async def deploy() -> None:
        with pytest.raises(ReleaseError, match=r"(?s)api: no\n.*could not be asked: no answer"):
            async with Together(2, report).step():
                raise ReleaseError("api: no")

    asyncio.run(deploy())
