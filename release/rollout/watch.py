"""What looking at a fleet has in common, whether it is being rolled out or proved: whom to ask, how to say it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from release.clients import FAILURES, described
from release.errors import ReleaseError, RolloutError
from release.rollout import decide
from release.rollout.aws import Aws
from release.rollout.observe import served
from release.rollout.observed import BootEvent, Group, Template
from release.rollout.record import Record
from release.rollout.serving import Serving
from release.rollout.spec import RolloutSpec

P = ParamSpec("P")
T = TypeVar("T")

_POLL_SECONDS = 5.0
CAPACITY = "Run it again once EC2 launches instances: a larger quota, other fleets.<name>.instanceTypes, or just later"


@contextmanager
def explained_aws(fleet: str, group: str) -> Generator[None]:
    """An error of AWS says which fleet it is about, and that a rollout goes on without whoever watches it."""
    try:
        yield
    except FAILURES as error:
        raise ReleaseError(
            f"fleet {fleet}: AWS could not be asked about {group}: {described(error)}. A rollout under way goes on "
            "in AWS; once AWS answers (credentials, network), the same command picks the rollout up where it is"
        ) from None


@dataclass(kw_only=True)
class Watch:
    """A look at one fleet. Clock, time and sleep are parameters, for tests."""

    spec: RolloutSpec
    aws: Aws
    record: Record
    tell: Callable[[str], None]
    warn: Callable[[str], None] | None = None
    """Says what must not be overlooked; `tell` where there is none."""
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _told: str = field(default="", init=False)

    async def serving(self) -> Serving:
        """What the fleet serves now, as its instances reported it."""
        return await self.ask(served, self.aws.fleets, await self.group(), self.spec.log_group)

    async def group(self) -> Group:
        """The fleet's group. Raises RolloutError where there is none: Pulumi's state has it."""
        found = await self.ask(self.aws.fleets.group, self.spec.group)
        if found is None:
            raise RolloutError(
                f"fleet {self.spec.fleet}: AWS shows no group {self.spec.group} to these credentials, in this region. "
                "Either it was deleted outside of the stack: run `pulumi refresh`, then `pulumi up`. Or it is in "
                "another account: check AWS_PROFILE and AWS_ENDPOINT_URL (`aws:` settings reach the provider alone)"
            )
        return found

    async def refuse_other(self, wanted: Template) -> None:
        """Raises RolloutError where the group is on another template: it was changed outside of the stack."""
        changed = await self.changed_outside(await self.group(), wanted)
        if changed:
            raise RolloutError(changed)

    async def changed_outside(self, group: Group, wanted: Template) -> str:
        """What to say of a group that is on another template than the stack's state has; "" where it is not."""
        if group.template is None or group.template == wanted:
            return ""
        return (
            f"fleet {self.spec.fleet}: the stack says {self.spec.sha} (launch template version {wanted.version}), but "
            f"version {group.template.version} is in force in AWS: it was changed outside of the stack, as by "
            f"`python -m release rollback`. Now: {await self.serving()}. To keep that, set slipway:release.sha to it; "
            f"to deploy {self.spec.sha} all the same, run `pulumi refresh` and then `SLIPWAY_SUPERSEDE=1 pulumi up`"
        )

    async def failures(self, since: float, sha: str | None = None) -> list[BootEvent]:
        """The boots of the release, or of another one, that failed since a moment (seconds since the epoch)."""
        spec, release = self.spec, sha or self.spec.sha
        events = await self.ask(self.aws.fleets.failed_boots, spec.group, spec.log_group, release, since)
        return decide.unbooted(events, release, since)

    def say(self, line: str) -> None:
        """Only what is new: a log gets a line a change, and a terminal redraws its one line."""
        if line != self._told:
            self._told = line
            self.tell(line)

    def caution(self, line: str) -> None:
        """Says what must not be overlooked."""
        (self.warn or self.tell)(line)

    async def ask(self, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """boto3 blocks; in a thread it leaves the other fleets' rollouts running."""
        return await asyncio.to_thread(call, *args, **more)


def pause(elapsed: float) -> float:
    """Seconds until the next look: short at first, so that a small fleet's end is not missed by long."""
    return min(_POLL_SECONDS, 0.5 + elapsed / 10)
