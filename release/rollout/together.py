"""The fleets that one `pulumi up` deploys side by side: if one fails, its error says what all of them serve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from release.clients import FAILURES, described
from release.errors import ReleaseError

T = TypeVar("T")


@dataclass(frozen=True)
class Together:
    """The rollouts of `fleets` fleets. `report` asks AWS what each of them serves and returns a line for each."""

    fleets: int
    report: Callable[[], str]
    _in_progress: set[asyncio.Event] = field(default_factory=set[asyncio.Event], init=False)

    @asynccontextmanager
    async def step(self) -> AsyncGenerator[None]:
        """Run a rollout, or its proof, inside. Hold back its ReleaseError until the other fleets' steps have ended.

        Only then is it settled what all of them serve; `pulumi up` waits for them in any case.
        """
        ended = asyncio.Event()
        self._in_progress.add(ended)
        try:
            yield
        except ReleaseError as error:
            ended.set()
            if self.fleets == 1:
                raise
            await asyncio.gather(*(other.wait() for other in self._in_progress))
            raise ReleaseError(f"{error}\n{await all_fleets(self.report)}") from None
        finally:
            ended.set()
            self._in_progress.discard(ended)


async def side_by_side(steps: Mapping[str, Coroutine[Any, Any, T]], report: Callable[[], str]) -> dict[str, T]:
    """Run a step for each fleet, by name, and return what each comes to.

    Raise ReleaseError if one did not get there, after all have ended; of several fleets it says what all of them serve.
    """
    ended = await asyncio.gather(*steps.values(), return_exceptions=True)
    problems = [str(end) for end in ended if isinstance(end, BaseException)]
    if problems and len(steps) > 1:
        problems.append(await all_fleets(report))
    if problems:
        raise ReleaseError("\n".join(problems))
    return {name: end for name, end in zip(steps, ended, strict=True) if not isinstance(end, BaseException)}


async def all_fleets(report: Callable[[], str]) -> str:
    """Return the report under its heading, or why there is none: that must not hide the error it belongs to."""
    try:
        return f"Now all fleets:\n{await asyncio.to_thread(report)}"
    except (ReleaseError, *FAILURES) as error:
        return f"What the other fleets serve could not be asked: {described(error)}"
