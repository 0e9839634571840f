"""What looking at a fleet has in common, whether it is being rolled out or proved: whom to ask, how to say it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from release.clients import FAILURES, described
from release.errors import ReleaseError
from release.rollout import decide
from release.rollout.decide import Step
from release.rollout.fleets import Fleets
from release.rollout.observed import BootEvent, Group, Template
from release.rollout.record import Record
from release.rollout.serving import Serving, count

P = ParamSpec("P")
T = TypeVar("T")

_POLL_SECONDS = 5.0
CAPACITY = "Run it again once EC2 launches instances: a larger quota, other fleets.<name>.instanceTypes, or just later"


class RolloutError(ReleaseError):
    """A rollout did not end with the new release serving; the message says what serves now, and what mends it."""


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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one rollout is to do. Times are in seconds; `preferences` is RefreshPreferences of the API."""

    fleet: str
    group: str
    log_group: str
    sha: str
    preferences: Mapping[str, Any]
    timeout: float
    boot_timeout: int
    alarm_wait: float = 0
    """Seconds that alarms which are on before a rollout have to clear."""
    hook: str | None = None
    """The launch lifecycle hook to give the boot timeout before a rollout; the provider never changes a group's."""
    supersede: bool = False
    """Whether what someone else did (a rollout under way, a rollback by hand) gives way, instead of being refused."""
    late: Step = Step.ROLL_BACK
    """What to do after the timeout: FAILED leaves it to AWS."""


@dataclass(kw_only=True)
class Watch:
    """A look at one fleet. Clock, time and sleep are parameters, for tests."""

    plan: Plan
    fleets: Fleets
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
        return await self.ask(served, self.fleets, await self.group(), self.plan.log_group)

    async def group(self) -> Group:
        """The fleet's group. Raises RolloutError where there is none: Pulumi's state has it."""
        found = await self.ask(self.fleets.group, self.plan.group)
        if found is None:
            raise RolloutError(
                f"fleet {self.plan.fleet}: AWS shows no group {self.plan.group} to these credentials, in this region. "
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
            f"fleet {self.plan.fleet}: the stack says {self.plan.sha} (launch template version {wanted.version}), but "
            f"version {group.template.version} is in force in AWS: it was changed outside of the stack, as by "
            f"`python -m release rollback`. Now: {await self.serving()}. To keep that, set slipway:release.sha to it; "
            f"to deploy {self.plan.sha} all the same, run `pulumi refresh` and then `SLIPWAY_SUPERSEDE=1 pulumi up`"
        )

    async def failures(self, since: float, sha: str | None = None) -> list[BootEvent]:
        """The boots of the release, or of another one, that failed since a moment (seconds since the epoch)."""
        plan, release = self.plan, sha or self.plan.sha
        events = await self.ask(self.fleets.failed_boots, plan.group, plan.log_group, release, since)
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


def served(fleets: Fleets, group: Group, log_group: str) -> Serving:
    """What a group serves now: asked from the balancer, and from the instances that are in service."""
    healthy = fleets.healthy_targets(group.target_group_arns)
    in_service = [instance for instance in group.instances if instance.in_service]
    return count(group, healthy, fleets.ready(log_group, in_service))


def all_served(fleets: Fleets, stack: str) -> str:
    """What each fleet of a stack serves now, and how they get back to one release where they differ; a line each."""
    now = {found.name: served(fleets, found.group, found.log_group) for found in fleets.of_stack(stack)}
    lines = [f"  {name}: {serving}" for name, serving in now.items()]
    if len({sha for serving in now.values() for sha in serving.counts}) > 1:
        lines.append("To get back to one release on all of them: `python -m release rollback`")
    return "\n".join(lines)


def pause(elapsed: float) -> float:
    """Seconds until the next look: short at first, so that a small fleet's end is not missed by long."""
    return min(_POLL_SECONDS, 0.5 + elapsed / 10)
