"""Follows an instance refresh to its end: the loop between what AWS shows and what `decide` says to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from release.errors import RolloutError, StoreError
from release.rollout.conflicts import Conflicts
from release.rollout.decide import Step, decide
from release.rollout.observed import ACTIVE, ROLLING_FORWARD, BootEvent, Group, Instance, Refresh, Template
from release.rollout.past_rollouts import ROLLBACK
from release.rollout.serving import progress
from release.rollout.suspects import Suspects
from release.rollout.watch import NO_CAPACITY, pause


@dataclass(kw_only=True)
class Following(Conflicts):
    """Watches a fleet's refresh, rolls it back if it must, and says how it ended."""

    _workers: dict[str, Instance] = field(default_factory=dict[str, "Instance"], init=False)
    """The instances that were seen of a fleet without a balancer, by id: those that go are asked how."""

    async def follow(self, refresh_id: str, wanted: Template) -> None:
        """Return when the refresh to `wanted` has succeeded. Raise RolloutError on any other end."""
        began = self.clock()
        self.took = self.took or await self.ask(self.record.took)
        rolled_back_for = shortage = ""
        suspects = Suspects(wanted)
        while True:
            refresh, group = await self._look(refresh_id)
            failures = await self.failures(refresh.started) if refresh.started else []
            suspects.look(group, forward=refresh.status in ROLLING_FORWARD)
            elapsed = self.clock() - began
            left = self.left(refresh.started) if refresh.status in ROLLING_FORWARD else ""
            self.say(progress(self.spec.fleet, refresh, group, wanted, left=left))
            decision = decide(refresh, failures, elapsed=elapsed, timeout=self.spec.timeout, late=self.spec.late)
            if decision.step is Step.SUCCEEDED:
                await self._tell_of_killed(group)
                return
            if decision.step in (Step.FAILED, Step.ROLL_BACK) and not rolled_back_for:
                shortage = await self.refused_launch(refresh, failures)
            if decision.step is Step.FAILED:
                reason = rolled_back_for or _join(decision.reason, shortage)
                await self._tell_of_killed(group)
                if suspects.ids() and not failures and not shortage:
                    await self._show_output(suspects)
                raise await self._ended_badly(reason, refresh, wanted, elapsed, blameless=bool(shortage))
            if decision.step is Step.ROLL_BACK and not rolled_back_for:
                rolled_back_for = _join(decision.reason, shortage)
                self.tell(f"{self.spec.fleet}: rolling back: {rolled_back_for}")
                await self.ask(self.aws.refreshes.roll_back, self.spec.group)
            await self.sleep(pause(elapsed))

    async def _tell_of_killed(self, group: Group) -> None:
        """Warn of workers that went without having ended in their time, by their own word."""
        staying = {member.id for member in group.instances if member.state == "InService"}
        gone = [member for id_, member in self._workers.items() if id_ not in staying]
        if not gone:
            return
        killed = await self.ask(self.aws.fleets.said, "killed", self.spec.log_group, gone)
        for event in sorted(killed, key=lambda event: event.at):
            self.caution(
                f"{self.spec.fleet}: {event.instance} ({event.sha[:12]}) was ended by force {event.reason}: what it "
                "was working on was cut off; raise drain, or have the process end on SIGTERM"
            )

    async def _show_output(self, suspects: Suspects) -> None:
        """Show what an instance that served the release printed last; a failed boot has said so itself."""
        spec = self.spec
        instance, lines = await self.ask(self.aws.output.last, spec.log_group, spec.sha, suspects.ids())
        if lines:
            more = f"`python -m release logs --fleet {spec.fleet} --instance {instance} --since 1h` shows more"
            said = "\n".join(f"  {line}" for line in lines)
            self.tell(f"{spec.fleet}: the last lines of {instance}, which ran it ({more}):\n{said}")

    async def _ended_badly(
        self, reason: str, refresh: Refresh, wanted: Template, elapsed: float, *, blameless: bool
    ) -> RolloutError:
        """Record the end, as failed only if the release may be at fault. Return the error to raise."""
        unwritten = ""
        try:
            await self.ask(
                self.record.write,
                "unproved" if blameless else "failed",
                reason=reason,
                template_version=wanted.version,
                refresh_id=refresh.id,
                seconds=elapsed,
            )
        except StoreError as error:
            unwritten = f". The ledger does not have this: {error}"
        fix = NO_CAPACITY if blameless else self._fix()
        return RolloutError(await self._not_deployed(reason, refresh, fix) + unwritten)

    async def undo(self, refresh: Refresh) -> None:
        """Roll back a refresh in progress and wait for its end; do nothing if it has just ended.

        Raise RolloutError if AWS can't undo it.
        """
        self.tell(f"{self.spec.fleet}: rolling back instance refresh {refresh.id}")
        undoing = await self.ask(self.aws.refreshes.roll_back, self.spec.group)
        seen, _ = await self._look(refresh.id)
        if not undoing and seen.status in ROLLING_FORWARD:
            raise RolloutError(
                f"fleet {self.spec.fleet}: instance refresh {seen.id} is {seen.status}, and AWS can't roll it back. "
                "Wait for it to end, or cancel it with `aws autoscaling cancel-instance-refresh "
                f"--auto-scaling-group-name {self.spec.group}`, then run the same command again"
            )
        if seen.status in ACTIVE:
            seen = await self.ended(refresh)
        if undoing and seen.status != "RollbackSuccessful":
            reason = f"instance refresh {refresh.id} could not be undone"
            raise RolloutError(await self._not_deployed(reason, seen, self._fix()))
        if seen.status == "RollbackSuccessful":
            await self.ask(self.record.undone, refresh.id)

    async def ended(self, refresh: Refresh) -> Refresh:
        """Wait until the refresh is no longer in progress, and return it. Raise RolloutError after the timeout."""
        began = self.clock()
        while True:
            seen, group = await self._look(refresh.id)
            elapsed = self.clock() - began
            if seen.status not in ACTIVE:
                return seen
            if elapsed > self.spec.timeout:
                waited = f"waited {elapsed:.0f} s for instance refresh {seen.id}"
                refused = await self.refused_launch(seen, ())
                fix = f"AWS continues with it. {NO_CAPACITY}" if refused else self._fix()
                raise RolloutError(await self._not_deployed(_join(waited, refused), seen, fix))
            self.say(progress(self.spec.fleet, seen, group, group.template))
            await self.sleep(pause(elapsed))

    async def refused_launch(self, refresh: Refresh, failures: Sequence[BootEvent]) -> str:
        """Return why EC2 launched no more instances (capacity, a quota); "" if it did, or the release is at fault."""
        if failures or refresh.alarmed:
            return ""
        return await self.ask(self.aws.fleets.refused_launch, self.spec.group, refresh.started or self.now())

    async def _look(self, refresh_id: str) -> tuple[Refresh, Group]:
        refreshes = await self.ask(self.aws.fleets.refreshes, self.spec.group)
        group = await self.ask(self.aws.fleets.group, self.spec.group)
        refresh = next((found for found in refreshes if found.id == refresh_id), None)
        if refresh is None or group is None:
            raise RolloutError(
                f"fleet {self.spec.fleet}: the Auto Scaling group {self.spec.group} was deleted during its rollout; "
                "run `pulumi refresh`, then `pulumi up`"
            )
        if not group.balanced:
            self._workers.update({member.id: member for member in group.instances})
        return refresh, group

    async def _not_deployed(self, reason: str, refresh: Refresh, fix: str) -> str:
        return (
            f"fleet {self.spec.fleet}: {self.spec.sha} was not deployed ({refresh.status}): {reason.rstrip('.')}. "
            f"Now: {await self.serving()}. {fix}"
        )

    def _fix(self) -> str:
        if self.record.action == ROLLBACK:
            return "Choose another release with --to; `python -m release list` shows them"
        return "Fix the release and run `pulumi up` with the new SHA, or set slipway:release.sha to what is serving"


def _join(reason: str, shortage: str) -> str:
    return f"{reason.rstrip('.')}; the last launch failed: {shortage}" if shortage else reason
