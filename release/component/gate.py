"""What one `pulumi up` does once before its first fleet's group is made or rolled out, and once after the last.

Each fleet's hook passes the gate: before its group is made, and before its instance refresh starts, once nothing of its
own refuses that. So a preview never passes it, nor an `up` that replaces no instance, nor one that follows a rollout
which a killed `up` began. A step that fails raises ReleaseError: then no group is touched, the engine's state keeps
what serves, and the next `pulumi up` comes to the same gate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from release.errors import ReleaseError

Step = Callable[[Callable[[str], None], Callable[[str], None]], Awaitable[None]]
"""What happens at the gate. It is given what shows progress, and what warns, on the line of the fleet that came first.

It may await outputs of the launch templates, which are there before their groups.
"""
Ending = Callable[[str | None], Awaitable[None]]
"""What happens after the last fleet: it is given the reason of a failure, None if all serve, and raises nothing."""


@dataclass
class Gate:
    """The gate of one `pulumi up`. Its steps run in the order in which they were added, in the program's event loop."""

    _steps: list[Step] = field(default_factory=list[Step])
    _endings: list[Ending] = field(default_factory=list[Ending])
    _passing: asyncio.Task[None] | None = field(default=None, init=False)
    _failure: str | None = field(default=None, init=False)
    _begun: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)
    _first: str = field(default="", init=False)

    def add(self, step: Step) -> None:
        """Have a step run at the gate. To be called while the stack is declared."""
        self._steps.append(step)

    def add_ending(self, ending: Ending) -> None:
        """Have it happen after the last fleet. To be called while the stack is declared."""
        self._endings.append(ending)

    def begin(self) -> None:
        """Take that a fleet rolls out, if only because it follows what another `pulumi up` began: there is an end."""
        self._begun = True

    async def end(self, failure: str | None = None) -> None:
        """Do once what comes after the last fleet. Does nothing if no fleet was made or rolled out."""
        if self._begun and not self._ended:
            self._ended = True
            for ending in self._endings:
                await ending(self._failure or failure)

    async def passed(self, fleet: str, tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        """Return once every step has succeeded; the first fleet that comes runs them, the others wait for it.

        Raise the ReleaseError of the step that failed; for the other fleets, one that says which fleet's error it is.
        """
        self.begin()
        if self._passing is None:
            self._first = fleet
            self._passing = asyncio.ensure_future(self._run(tell, warn))
        try:
            await asyncio.shield(self._passing)
        except ReleaseError as error:
            self._failure = str(error)
            if fleet == self._first:
                raise
            short = f"fleet {fleet}: was not touched, for the reason that is given for fleet {self._first}"
            raise ReleaseError(short) from error

    async def _run(self, tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        for step in self._steps:
            await step(tell, warn)
