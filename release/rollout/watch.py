"""The base of what works on one fleet: its rollout, its proof, and the preview of what `pulumi up` would refuse."""

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
from release.rollout.estimate import Took, left
from release.rollout.observe import served
from release.rollout.observed import BootEvent, Group
from release.rollout.record import Record
from release.rollout.serving import Serving
from release.rollout.spec import RolloutSpec

P = ParamSpec("P")
T = TypeVar("T")

_POLL_SECONDS = 5.0
NO_CAPACITY = (
    "The release is not at fault. Run the same command again once EC2 can launch instances: request a larger quota, "
    "add instance types (fleets.<name>.instanceTypes), or try again later"
)


@contextmanager
def explained_aws(fleet: str, group: str) -> Generator[None]:
    """Turn AWS's errors into a ReleaseError that names the fleet and says that a rollout continues unwatched."""
    try:
        yield
    except FAILURES as error:
        raise ReleaseError(
            f"fleet {fleet}: AWS could not be asked about {group}: {described(error)}. A rollout in progress continues "
            "in AWS. Check the credentials and the network, then run the same command again to pick the rollout up"
        ) from None


@dataclass(kw_only=True)
class Watch:
    """One fleet, with AWS, the ledger, and a way to report. Clock, time and sleep are parameters, for tests."""

    spec: RolloutSpec
    aws: Aws
    record: Record
    tell: Callable[[str], None]
    warn: Callable[[str], None] | None = None
    """Reports what must not be overlooked; `tell` does if there is none."""
    took: Took | None = None
    """How long the last ones of its kind took; None if that is not known."""
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _told: str = field(default="", init=False)

    async def serving(self) -> Serving:
        """Return what the fleet serves now, as its instances reported it."""
        return await self.ask(served, self.aws.fleets, await self.group(), self.spec.log_group)

    async def group(self) -> Group:
        """Return the fleet's group. Raise RolloutError if AWS shows none, although Pulumi's state has it."""
        found = await self.ask(self.aws.fleets.group, self.spec.group)
        if found is None:
            raise RolloutError(
                f"fleet {self.spec.fleet}: these credentials can't see the Auto Scaling group {self.spec.group} in "
                "this region. If it was deleted outside of the stack, run `pulumi refresh`, then `pulumi up`. If it is "
                "in another account, check AWS_PROFILE and AWS_ENDPOINT_URL (`aws:` settings reach only the provider)"
            )
        return found

    async def failures(self, since: float, sha: str | None = None) -> list[BootEvent]:
        """Return the failed boots of the release, or of `sha`, since a time (seconds since the epoch)."""
        spec, release = self.spec, sha or self.spec.sha
        events = await self.ask(self.aws.fleets.failed_boots, spec.group, spec.log_group, release, since)
        return decide.unbooted(events, release, since)

    def say(self, line: str) -> None:
        """Report a line of progress, unless it is the same as the last one."""
        if line != self._told:
            self._told = line
            self.tell(line)

    def left(self, since: float | None) -> str:
        """Return how long it takes yet, if it began at a time (seconds since the epoch); "" if that is not known."""
        return "" if since is None else left(self.took, self.now() - since)

    def caution(self, line: str) -> None:
        """Report a warning."""
        (self.warn or self.tell)(line)

    async def ask(self, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Return what a blocking call returns. It runs in a thread, so the other fleets' rollouts continue."""
        return await asyncio.to_thread(call, *args, **more)


def pause(elapsed: float) -> float:
    """Return the seconds until the next look: few at first, so that a small fleet's end is noticed soon."""
    return min(_POLL_SECONDS, 0.5 + elapsed / 10)
