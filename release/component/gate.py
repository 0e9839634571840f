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


@dataclass
class Gate:
    """The gate of one `pulumi up`. Its steps run in the order in which they were added, in the program's event loop."""

    _steps: list[Step] = field(default_factory=list[Step])
    _passing: asyncio.Task[None] | None = field(default=None, init=False)
    _first: str = field(default="", init=False)

    def add(self, step: Step) -> None:
        """Have a step run at the gate. To be called while the stack is declared."""
        self._steps.append(step)

    @property
    def reached(self) -> bool:
        """Whether a fleet has come to the gate, so that something is to be made or rolled out."""
        return self._passing is not None

    async def passed(self, fleet: str, tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        """Return once every step has succeeded; the first fleet that comes runs them, the others wait for it.

        Raise the ReleaseError of the step that failed; for the other fleets, one that says which fleet's error it is.
        """
        if self._passing is None:
            self._first = fleet
            self._passing = asyncio.ensure_future(self._run(tell, warn))
        try:
            await asyncio.shield(self._passing)
        except ReleaseError as error:
            if fleet == self._first:
                raise
            short = f"fleet {fleet}: was not touched, for the reason that is given for fleet {self._first}"
            raise ReleaseError(short) from error

    async def _run(self, tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        for step in self._steps:
            await step(tell, warn)
