"""The proof of a deploy: what serves is asked from the instances, whatever was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from release.clients import FAILURES, described
from release.errors import RolloutError
from release.rollout import decide
from release.rollout.observed import BootEvent, Template
from release.rollout.serving import Serving
from release.rollout.traffic import Requests
from release.rollout.watch import CAPACITY, Watch, pause

_AROUND_BOOT = 120.0
"""Seconds that an instance takes before its boot script begins, and after it until the balancer sees it healthy."""
_RECENT = 3600.0
"""Seconds; failed boots that are older are not looked at."""


@dataclass(kw_only=True)
class Proof(Watch):
    """That a fleet serves exactly one release."""

    cost: Requests | None = field(default=None, init=False)
    """The requests since the rollout began, once a rollout has been proved."""

    async def prove(self, wanted: Template) -> Serving:
        """Waits until the fleet serves exactly the release, and returns what it serves.

        Instances that EC2 does not launch are a warning: those that are in service prove the release. Raises
        RolloutError where the group is not on `wanted`, when instances can't boot the release, or when none of that
        came true within the boot timeout.
        """
        await self.refuse_other(wanted)
        began = self.clock()
        recently = self.now() - _RECENT
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
            if late or decide.unbootable(failures) or not found.booting:
                short = await self._short(found, failures, recently, late=late)
                if short:
                    await self._conclude(wanted.version, elapsed, short)
                    self.caution(f"{self.spec.fleet}: {short}")
                    return found
            if late or decide.unbootable(failures):
                raise await self._not_serving(found, failures, wanted, recently, elapsed)
            self.say(f"{self.spec.fleet}: {found}")
            await self.sleep(pause(elapsed))

    async def _short(self, found: Serving, failures: Sequence[BootEvent], since: float, *, late: bool) -> str:
        """How many instances are missing and why, where all the others prove the release; else "".

        Where EC2 refuses to launch them that is said at once; others are waited for.
        """
        if failures or not found.all_prove(self.spec.sha, self.record.digest):
            return ""
        refused = await self.ask(self.aws.fleets.refused_launch, self.spec.group, since)
        if not (refused or late):
            return ""
        why = refused or (f"{found.booting} are still booting" if found.booting else "the group has not launched them")
        return f"{found.missing} of {found.wanted} instances are missing: {why}"

    async def _say_unproved(self, wanted: Template) -> None:
        why = "the fleet has no instance and wants none, so nothing has proved the release"
        await self.ask(self.record.unproved, reason=why, template_version=wanted.version)
        self.caution(
            f"{self.spec.fleet}: {why}. No rollback goes to it on this fleet's word; the first `pulumi up` that finds "
            "an instance proves it"
        )

    async def _not_serving(
        self, found: Serving, failures: Sequence[BootEvent], wanted: Template, since: float, elapsed: float
    ) -> RolloutError:
        """The error to raise, once the ledger has it too: as failed only where the release may be at fault."""
        refused = ""
        if not failures and not found.joined:
            refused = await self.ask(self.aws.fleets.refused_launch, self.spec.group, since)
        if refused:
            record, why = self.record.unproved, f"EC2 launches no instance: {refused}"
            mend = f"The release is not at fault. {CAPACITY}"
        else:
            record = self.record.failed
            why = f"{failures[0].instance}: {failures[0].reason}" if failures else f"waited {elapsed:.0f} s"
            mend = "Fix the release and run `pulumi up` with its SHA; nothing else serves in its place"
        if not await self.ask(self.record.served_before):  # else it is these instances, not the release
            await self.ask(record, reason=why, template_version=wanted.version, seconds=elapsed)
        return RolloutError(f"fleet {self.spec.fleet} does not serve {self.spec.sha}: {why}. Now: {found}. {mend}")

    async def _conclude(self, version: str, elapsed: float, reason: str | None = None) -> None:
        """Records the deploy, once, with what it cost the users; says that too."""
        begun = await self.ask(self.record.begun)
        if begun is None:
            await self.ask(
                self.record.serves, template_version=version, seconds=elapsed, reason=reason
            )  # a first deploy
            return
        group = await self.ask(self.aws.fleets.group, self.spec.group)
        since = begun.at.timestamp()
        try:
            self.cost = await self.ask(self.aws.traffic.since, group.target_group_arns if group else (), since)
        except FAILURES as error:  # what it cost is worth knowing, but not a deploy
            self.say(f"{self.spec.fleet}: the requests that failed could not be counted: {described(error)}")
        await self.ask(
            self.record.serves,
            template_version=version,
            seconds=self.now() - since,
            requests_failed=self.cost.failed if self.cost else None,
            reason=reason,
        )

    def summary(self, found: Serving) -> str:
        """What a deploy came to, in one line."""
        cost = f"; {self.cost} since the rollout began" if self.cost else ""
        return f"{self.spec.fleet}: {found}{cost}"
