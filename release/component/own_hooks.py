"""Commands of the user's own around a deploy, run on the machine that deploys, with the facts in their environment."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi

from release import processes
from release.clients import FAILURES, described
from release.command import Ended, run
from release.errors import ReleaseError
from release.store.actor import actor
from release.text import one_line

SUCCEEDED, FAILED = "succeeded", "failed"
_HIDDEN = ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS")
"""With these the engine hands the program the stack's settings, secrets among them in plain text."""
_REASON = 2000
"""Characters of the reason of a failure."""


@dataclass(frozen=True, kw_only=True)
class Commands:
    """What runs when, by the names of the settings; the seconds that each may take."""

    before_deploy: str | None = None
    after_deploy: str | None = None
    after_failure: str | None = None
    timeout: float = 300.0

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self.before_deploy or self.after_deploy or self.after_failure)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a command is told. `before` is what served until now, known at the gate; `url` is where the stack serves."""

    stack: str
    region: str
    sha: str
    fleets: Sequence[str]
    before: Callable[[], str]
    url: Callable[[], Awaitable[str | None]]


@dataclass(kw_only=True)
class OwnHooks:
    """The commands of one `pulumi up`. `before` is a step of the gate, `after` its ending."""

    commands: Commands
    facts: Facts
    clock: Callable[[], float] = time.monotonic
    _began: float | None = field(default=None, init=False)
    _before: str = field(default="", init=False)

    async def before(self, _tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        """Run beforeDeploy. Raise ReleaseError unless it succeeds."""
        self._began = self.clock()
        try:
            self._before = await asyncio.to_thread(self.facts.before)
        except (ReleaseError, *FAILURES) as error:
            warn(f"hooks: what served before is not known: {described(error)}")
        ended = await self._run("beforeDeploy", self.commands.before_deploy)
        if problem := _problem("beforeDeploy", ended, self.commands.timeout):
            raise ReleaseError(f"{problem}. Nothing was replaced; its last lines:{ended.told() if ended else ''}")

    async def after(self, failure: str | None) -> None:
        """Run afterDeploy, or, with the reason of a failure, afterFailure. Whatever comes of it is a warning."""
        name, command = "afterDeploy", self.commands.after_deploy
        if failure is not None:
            name, command = "afterFailure", self.commands.after_failure
        facts = {"SLIPWAY_OUTCOME": SUCCEEDED if failure is None else FAILED}
        if self._began is not None:
            facts["SLIPWAY_SECONDS"] = f"{self.clock() - self._began:.0f}"
        if failure is not None:
            facts["SLIPWAY_REASON"] = one_line(failure, _REASON)
        try:
            ended = await self._run(name, command, facts)
        except ReleaseError as error:
            pulumi.log.warn(str(error))
            return
        if problem := _problem(name, ended, self.commands.timeout):
            pulumi.log.warn(f"{problem}. The deploy is what it was")

    async def _run(self, name: str, command: str | None, more: Mapping[str, str] | None = None) -> Ended | None:
        """Run a command, if there is one. Raise ReleaseError if it can't be started."""
        if command is None:
            return None
        pulumi.log.info(f"hooks.{name} runs, for at most {self.commands.timeout:g} s")
        environment = await self._environment(more or {})
        try:
            return await asyncio.to_thread(
                run,
                ["bash", "-c", command],
                directory=Path.cwd(),
                environment=environment,
                timeout=self.commands.timeout,
                output=lambda line: pulumi.log.info(f"{name}: {one_line(line)}"),
                group=processes.engine_group(),
            )
        except OSError as error:
            raise ReleaseError(f"hooks.{name}: can't be started: {error}") from None

    async def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return what whoever deploys has, without the stack's settings, and the facts."""
        own = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
        facts = {
            "SLIPWAY_STACK": self.facts.stack,
            "SLIPWAY_REGION": self.facts.region,
            "SLIPWAY_SHA": self.facts.sha,
            "SLIPWAY_FROM": self._before,
            "SLIPWAY_FLEETS": " ".join(self.facts.fleets),
            "SLIPWAY_BY": actor(os.environ),
            "SLIPWAY_URL": await self.facts.url() or "",
        }
        return {**own, **facts, **more}


def _problem(name: str, ended: Ended | None, timeout: float) -> str:
    """Return what is wrong with how a command ended, or ""."""
    if ended is None or ended.status == 0:
        return ""
    if ended.status is None:
        return f"hooks.{name}: took more than {timeout:g} s (hooks.timeout), and was ended"
    if ended.status == processes.INTERRUPTED:
        return f"hooks.{name}: was interrupted"
    return f"hooks.{name}: ended with exit status {ended.status}"
