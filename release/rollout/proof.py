"""Proves a deploy: asks the instances what they serve, whatever was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from release import postures
from release.clients import FAILURES, described
from release.errors import RolloutError
from release.rollout.conflicts import Conflicts
from release.rollout.decide import unbootable
from release.rollout.estimate import waited
from release.rollout.observed import BootEvent, Template
from release.rollout.serving import Serving
from release.rollout.traffic import Requests
from release.rollout.watch import NO_CAPACITY, pause

_AROUND_BOOT = 120.0
"""Seconds that an instance needs before its boot script starts, and after it until its target is healthy."""
_RECENT = 3600.0


@dataclass(kw_only=True)
class Proof(Conflicts):
    """Proves that a fleet serves exactly one release."""

    recent: float = _RECENT
    """Seconds before now since when failed boots and refused launches count."""
    cost: Requests | None = field(default=None, init=False)
    """The requests since the rollout began, once a rollout has been proved."""

    async def prove(self, wanted: Template) -> Serving:
        """Wait until the fleet serves exactly the release, and return what it serves.

        If EC2 launches too few instances, those in service prove the release, and a warning says so. Raise
        RolloutError if the group is not on `wanted`, if instances can't boot the release, or after the boot timeout.
        """
        await self.refuse_other(wanted)
        await self._look_for_drift()
        if self.spec.wants_none:
            await self._say_unproved(wanted)
            return await self.serving()
        began = self.clock()
        recently = self.now() - self.recent
        before = {event.instance for event in await self.failures(recently)}
        while True:
            found = await self.serving()
            elapsed = self.clock() - began
            if found.is_empty:
                await self._say_unproved(wanted)
                return found
            if found.is_exactly(self.spec.sha, self.record.digest):
                await self._conclude(wanted.version, elapsed)
                return found
            failures = [event for event in await self.failures(recently) if event.instance not in before]
            late = elapsed > self.spec.boot_timeout + _AROUND_BOOT
            if late or unbootable(failures) or not found.booting:
                short = await self._short(found, failures, recently, late=late)
                if short:
                    await self._conclude(wanted.version, elapsed, short)
                    self.caution(f"{self.spec.fleet}: {short}")
                    return found
            if late or unbootable(failures):
                raise await self._not_serving(found, failures, wanted, recently, elapsed)
            left = self.left(self.now() - elapsed) or waited(elapsed, self.spec.boot_timeout + _AROUND_BOOT)
            self.say(f"{self.spec.fleet}: {found} | {left}")
            await self.sleep(pause(elapsed))

    async def _short(self, found: Serving, failures: Sequence[BootEvent], since: float, *, late: bool) -> str:
        """Return how many instances are missing and why, if all the others prove the release; otherwise "".

        Instances that EC2 refuses to launch are not waited for.
        """
        if failures or not found.all_prove(self.spec.sha, self.record.digest):
            return ""
        refused = await self.ask(self.aws.fleets.refused_launch, self.spec.group, since)
        if not (refused or late):
            return ""
        why = refused or (f"{found.booting} are still booting" if found.booting else "the group has not launched them")
        return f"{found.missing} of {found.wanted} instances are missing: {why}"

    async def _look_for_drift(self) -> None:
        """Warn if the group is larger than the stack makes it: the engine's state knows of no difference.

        Raise RolloutError if its tag says that more of the stack stands, or if it was to have no instances.
        """
        size, group = self.spec.size, await self.group()
        activated = bool(group.posture) and postures.is_lower(self.spec.posture, group.posture)
        if size is None or not (activated or group.least > size.min):
            return
        said = (
            f"fleet {self.spec.fleet}: the stack says {size} instances, but the group {group.name} has "
            f"{group.least}-{group.largest}: it was changed outside of the stack, for example by `python -m release "
            "activate`. Run the same command again with --refresh, which sees that"
        )
        if activated or self.spec.wants_none:
            raise RolloutError(said)
        self.caution(said)

    async def _say_unproved(self, wanted: Template) -> None:
        why = "the fleet has no instances and wants none, so nothing has proved the release"
        await self.ask(self.record.write, "unproved", reason=why, template_version=wanted.version)
        if self.spec.wants_none:
            return
        self.caution(
            f"{self.spec.fleet}: {why}. A rollback does not choose it on this fleet's account; the first `pulumi up` "
            "that finds an instance proves it"
        )

    async def _not_serving(
        self, found: Serving, failures: Sequence[BootEvent], wanted: Template, since: float, elapsed: float
    ) -> RolloutError:
        """Record the end, as failed only if the release may be at fault. Return the error to raise."""
        refused = ""
        if not failures and not found.joined:
            refused = await self.ask(self.aws.fleets.refused_launch, self.spec.group, since)
        if refused:
            outcome, why, fix = "unproved", f"EC2 launched no instances: {refused}", NO_CAPACITY
        else:
            why = f"{failures[0].instance}: {failures[0].reason}" if failures else f"waited {elapsed:.0f} s"
            outcome = "failed"
            fix = "Fix the release and run `pulumi up` with the new SHA; no other release is serving in its place"
        if not await self.ask(self.record.served_before):  # otherwise these instances are to blame
            await self.ask(self.record.write, outcome, reason=why, template_version=wanted.version, seconds=elapsed)
        return RolloutError(f"fleet {self.spec.fleet} does not serve {self.spec.sha}: {why}. Now: {found}. {fix}")

    async def _conclude(self, version: str, elapsed: float, reason: str | None = None) -> None:
        """Record the deploy, once. After a rollout, count the requests that it cost and how long it took in all."""
        begun = await self.ask(self.record.begun)
        if begun:
            since = begun.at.timestamp()
            self.cost = await self._count(since)
            elapsed = self.now() - since
        await self.ask(
            self.record.write,
            "succeeded",
            template_version=version,
            seconds=elapsed,
            requests_failed=self.cost.failed if self.cost else None,
            reason=reason,
        )

    async def _count(self, since: float) -> Requests | None:
        """Return the requests since a time (seconds since the epoch); None of workers, or if CloudWatch is silent."""
        group = await self.ask(self.aws.fleets.group, self.spec.group)
        if group and not group.balanced:
            return None
        try:
            return await self.ask(self.aws.traffic.since, group.target_group_arns if group else (), since)
        except FAILURES as error:  # the deploy does not fail for it
            self.say(f"{self.spec.fleet}: the failed requests could not be counted: {described(error)}")
            return None

    def summary(self, found: Serving) -> str:
        """Return the result of a deploy in one line."""
        if self.spec.wants_none:
            return f"{self.spec.fleet}: no instances; the launch template has {self.spec.sha} for when there are some"
        cost = f"; {self.cost} since the rollout began" if self.cost else ""
        return f"{self.spec.fleet}: {found}{cost}"
