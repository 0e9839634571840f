"""The proof of a deploy: what serves is asked from the instances, whatever was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from release import rollout
from release.rollout import Serving, Template
from release.traffic import Requests, Traffic
from release.watch import RolloutError, Watch, pause

_AROUND_BOOT = 120.0
"""Seconds that an instance takes before its boot script begins, and after it until the balancer sees it healthy."""
_RECENT = 3600.0
"""Seconds; failed boots that are older are not looked at."""


@dataclass(kw_only=True)
class Proof(Watch):
    """That a fleet serves exactly one release."""

    traffic: Traffic
    cost: Requests | None = field(default=None, init=False)
    """The requests since the rollout began, once a rollout has been proved."""

    async def prove(self, wanted: Template) -> Serving:
        """Waits until the fleet serves exactly the release, and returns what it serves.

        Raises RolloutError where the group is not on `wanted`, when instances can't boot the release, or when none of
        that came true within the boot timeout.
        """
        await self.refuse_other(wanted)
        began = self.clock()
        recently = self.now() - _RECENT
        before = {event.instance for event in await self.failures(recently)}
        while True:
            found = await self.serving()
            elapsed = self.clock() - began
            if found.is_exactly(self.plan.sha, self.record.digest):
                await self._conclude(wanted.version, elapsed)
                return found
            failures = [event for event in await self.failures(recently) if event.instance not in before]
            late = elapsed > self.plan.boot_timeout + _AROUND_BOOT
            if late or rollout.unbootable(failures):
                why = f"{failures[0].instance}: {failures[0].reason}" if failures else f"waited {elapsed:.0f} s"
                if not await self.ask(self.record.served_before):  # else it is these instances, not the release
                    await self.ask(self.record.failed, reason=why, template_version=wanted.version, seconds=elapsed)
                raise RolloutError(
                    f"fleet {self.plan.fleet} does not serve {self.plan.sha}: {why}. Now: {found}. "
                    "Mend the release and run `pulumi up` with its SHA; nothing else serves in its place"
                )
            self.say(f"{self.plan.fleet}: {found}")
            await self.sleep(pause(elapsed))

    async def _conclude(self, version: str, elapsed: float) -> None:
        """Records the deploy, once, with what it cost the users; says that too."""
        begun = await self.ask(self.record.begun)
        if begun is None:
            await self.ask(self.record.serves, template_version=version, seconds=elapsed)  # a first deploy
            return
        group = await self.ask(self.fleets.group, self.plan.group)
        since = begun.at.timestamp()
        try:
            self.cost = await self.ask(self.traffic.since, group.target_group_arns if group else (), since)
        except (ClientError, BotoCoreError) as error:  # what it cost is worth knowing, but not a deploy
            self.say(f"{self.plan.fleet}: the requests that failed could not be counted: {error}")
        await self.ask(
            self.record.serves,
            template_version=version,
            seconds=self.now() - since,
            requests_failed=self.cost.failed if self.cost else None,
        )

    def summary(self, found: Serving) -> str:
        """What a deploy came to, in one line."""
        cost = f"; {self.cost} since the rollout began" if self.cost else ""
        return f"{self.plan.fleet}: {found}{cost}"
