"""The fleets that one `pulumi up` deploys side by side: where one fails, its error says what all of them serve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from release.clients import FAILURES, described
from release.errors import ReleaseError


@dataclass(frozen=True)
class Together:
    """`fleets` is how many there are; `report` asks AWS what each of them serves, and says it in lines."""

    fleets: int
    report: Callable[[], str]
    _under_way: set[asyncio.Event] = field(default_factory=set[asyncio.Event], init=False)

    @asynccontextmanager
    async def step(self) -> AsyncGenerator[None]:
        """Around a rollout, or the proof of one. Its ReleaseError comes when the others' steps have ended as well.

        That is when what they serve is settled. `pulumi up` waits for them in any case.
        """
        ended = asyncio.Event()
        self._under_way.add(ended)
        try:
            yield
        except ReleaseError as error:
            ended.set()
            if self.fleets == 1:
                raise
            await asyncio.gather(*(other.wait() for other in self._under_way))
            raise ReleaseError(f"{error}\n{await told(self.report)}") from None
        finally:
            ended.set()
            self._under_way.discard(ended)


async def told(report: Callable[[], str]) -> str:
    """The report; or why there is none, which must not hide the error that it belongs to."""
    try:
        return f"Now all fleets:\n{await asyncio.to_thread(report)}"
    except (ReleaseError, *FAILURES) as error:
        return f"What the other fleets serve could not be asked: {described(error)}"
