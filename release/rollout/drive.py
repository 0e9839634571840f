"""Drives a rollout to its true end: the loop between `fleets` (AWS) and `rollout` (what to do).

Why not the provider's own `instance_refresh` block: docs/adr/0002-rollout-by-hook.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.errors import RolloutError, StoreError
from release.rollout import alarms, decide, observed
from release.rollout.alarms import Alarm
from release.rollout.decide import Step
from release.rollout.observed import BootEvent, Group, Refresh, Template
from release.rollout.record import ROLLBACK
from release.rollout.serving import progress
from release.rollout.watch import CAPACITY, Watch, pause


@dataclass(kw_only=True)
class Rollout(Watch):
    """One rollout of one fleet."""

    async def run(self, desired: Mapping[str, Any], wanted: Template) -> None:
        """Rolls the group to `desired` (DesiredConfiguration of the API), whose launch template is `wanted`.

        Returns when it is on every instance. Raises RolloutError on every other end.
        """
        await self.group()
        await self._refuse_rolled_back()
        refresh_id = await self._adopt(wanted)
        if refresh_id is None:
            await self._end_unwatched()
            if await self._is_everywhere(wanted):
                self.tell(f"{self.spec.fleet}: every instance already runs {self.spec.sha}")
                return
            refresh_id = await self._start(desired, wanted)
        await self._follow(refresh_id, wanted)

    async def _refuse_rolled_back(self) -> None:
        """What someone took back by hand is not deployed again by accident, with some other change.

        Raises RolloutError.
        """
        back = await self.taken_back()
        if back:
            raise RolloutError(back)

    async def taken_back(self) -> str:
        """What to say of a release that was rolled back by hand; "" where it was not, or that is insisted on."""
        if self.spec.supersede or self.record.action == ROLLBACK:
            return ""
        back = await self.ask(self.record.rolled_back)
        if back is None:
            return ""
        return (
            f"fleet {self.spec.fleet}: {self.spec.sha} is asked for, but was rolled back by {back.by} at "
            f"{back.at:%Y-%m-%d %H:%M} UTC ({back.reason}). Now: {await self.serving()}. Set slipway:release.sha "
            "to what serves or to a newer release; to deploy it all the same: `SLIPWAY_SUPERSEDE=1 pulumi up`"
        )

    async def _end_unwatched(self) -> None:
        """Writes into the ledger how an earlier rollout ended, where whoever followed it was killed."""
        event = await self.ask(self.record.unwatched)
        refreshes = await self.ask(self.aws.fleets.refreshes, self.spec.group) if event else []
        refresh = next((found for found in refreshes if event and found.id == event.refresh_id), None)
        if event is None or refresh is None or refresh.status in observed.ACTIVE:
            return
        if refresh.status == "Successful" and event.sha == self.spec.sha:
            return  # it is about to be proved
        outcome, reason = "succeeded", refresh.status
        if refresh.status != "Successful":
            failures = await self.failures(refresh.started, event.sha) if refresh.started else []
            refused = await self._refused_launch(refresh, failures)
            outcome, reason = ("unproved", f"{reason}: {refused}") if refused else ("failed", reason)
        await self.ask(self.record.ended_unwatched, event, outcome=outcome, reason=reason)

    async def _adopt(self, wanted: Template) -> str | None:
        """The refresh to what is wanted that is under way already, if one is."""
        under_way = await self._under_way(wanted)
        if under_way is None:
            return None
        self.tell(f"{self.spec.fleet}: instance refresh {under_way.id} to {self.spec.sha} is under way; following it")
        if await self.ask(self.record.of_refresh, under_way.id) is None:  # killed before it could record the start
            await self._record_start(under_way.id, wanted, None)
        return under_way.id

    async def _under_way(self, wanted: Template) -> Refresh | None:
        """A refresh to what is wanted that is under way already: an earlier `pulumi up` was killed.

        One that is being undone is waited for. Another one is refused, or undone where that was asked for.
        """
        refresh = await self._active()
        if refresh and refresh.status not in observed.ROLLING_FORWARD:
            self.tell(f"{self.spec.fleet}: waiting for instance refresh {refresh.id}, which is {refresh.status}")
            await self._ended(refresh)
            refresh = await self._active()
        if refresh is None or (refresh.template and await self._say_the_same({refresh.template, wanted})):
            return refresh
        if not self.spec.supersede:
            raise RolloutError(await self._refused(refresh))
        await self.undo(refresh)
        return None

    async def _start(self, desired: Mapping[str, Any], wanted: Template) -> str:
        """Starts a refresh; or adopts the one that came first: another `pulumi up`, or a lost answer to this one."""
        if self.spec.hook:
            await self.ask(self.aws.refreshes.allow_boot, self.spec.group, self.spec.hook, self.spec.boot_timeout)
        unfit = await self._unfit_alarms()
        preferences = alarms.without(self.spec.preferences, unfit)
        refresh_id = await self.ask(self.aws.refreshes.start, self.spec.group, desired, preferences)
        if refresh_id is None:
            adopted = await self._adopt(wanted)
            if adopted is None:
                raise RolloutError(
                    f"fleet {self.spec.fleet}: {self.spec.sha} was not deployed: another rollout came first, and has "
                    "ended by now; run `pulumi up` again"
                )
            return adopted
        unwatched = alarms.unwatched(unfit) if unfit else None
        await self._record_start(refresh_id, wanted, unwatched)
        if unwatched:
            self.caution(f"{self.spec.fleet}: {unwatched}")
        self.tell(
            f"{self.spec.fleet}: instance refresh {refresh_id} to {self.spec.sha} started. If this is interrupted "
            "it goes on in AWS: `python -m release status` shows it, `python -m release rollback` undoes it"
        )
        return refresh_id

    async def _record_start(self, refresh_id: str, wanted: Template, reason: str | None) -> None:
        try:
            await self.ask(self.record.started, template_version=wanted.version, refresh_id=refresh_id, reason=reason)
        except StoreError as error:
            raise RolloutError(
                f"fleet {self.spec.fleet}: instance refresh {refresh_id} to {self.spec.sha} is under way and goes on, "
                f"but the ledger could not be written ({error}); fix that and run the same command again to follow it"
            ) from None

    async def _unfit_alarms(self) -> list[Alarm]:
        """The alarms that are not OK and stay so, after they had time: AWS starts no refresh that one is to watch.

        After a bad release an alarm is on for another minute or two, and a new one has no data yet. Where one stays
        on, what serves now sets it off, so it can't judge what is to replace that.
        """
        names, began = alarms.names(self.spec.preferences), self.clock()
        while True:
            unfit = await self.ask(self.aws.fleets.alarms_not_ok, names)
            elapsed = self.clock() - began
            if not unfit or elapsed >= self.spec.alarm_wait:
                return unfit
            self.say(
                f"{self.spec.fleet}: waiting up to {self.spec.alarm_wait:.0f} s (rollout.alarmWait) until OK: "
                + ", ".join(f"{alarm.name} ({alarm.state})" for alarm in unfit)
            )
            await self.sleep(pause(elapsed))

    async def _follow(self, refresh_id: str, wanted: Template) -> None:
        began = self.clock()
        rolled_back_for = shortage = ""
        while True:
            refresh, group = await self._observe(refresh_id)
            failures = await self.failures(refresh.started) if refresh.started else []
            elapsed = self.clock() - began
            self._progress(refresh, group, wanted)
            decision = decide.decide(refresh, failures, elapsed=elapsed, timeout=self.spec.timeout, late=self.spec.late)
            if decision.step is Step.SUCCEEDED:
                return
            if decision.step in (Step.FAILED, Step.ROLL_BACK) and not rolled_back_for:
                shortage = await self._refused_launch(refresh, failures)
            if decision.step is Step.FAILED:
                reason = rolled_back_for or _join(decision.reason, shortage)
                raise await self._ended_badly(reason, refresh, wanted, elapsed, blameless=bool(shortage))
            if decision.step is Step.ROLL_BACK and not rolled_back_for:
                rolled_back_for = _join(decision.reason, shortage)
                self.tell(f"{self.spec.fleet}: rolling back: {rolled_back_for}")
                await self.ask(self.aws.refreshes.roll_back, self.spec.group)
            await self.sleep(pause(elapsed))

    async def _ended_badly(
        self, reason: str, refresh: Refresh, wanted: Template, elapsed: float, *, blameless: bool
    ) -> RolloutError:
        """The error to raise, once the ledger has it too: as failed only where the release may be at fault."""
        unwritten = ""
        try:
            await self.ask(
                self.record.unproved if blameless else self.record.failed,
                reason=reason,
                template_version=wanted.version,
                refresh_id=refresh.id,
                seconds=elapsed,
            )
        except StoreError as error:
            unwritten = f". The ledger does not have this: {error}"
        mend = f"The release is not at fault. {CAPACITY}" if blameless else self._mend()
        return RolloutError(await self._failed(reason, refresh, mend) + unwritten)

    async def _refused_launch(self, refresh: Refresh, failures: Sequence[BootEvent]) -> str:
        """Why EC2 launched no more instances (no capacity, a quota); "" where it did, or the release is at fault."""
        if failures or refresh.alarmed:
            return ""
        return await self.ask(self.aws.fleets.refused_launch, self.spec.group, refresh.started or self.now())

    async def _observe(self, refresh_id: str) -> tuple[Refresh, Group]:
        refreshes = await self.ask(self.aws.fleets.refreshes, self.spec.group)
        group = await self.ask(self.aws.fleets.group, self.spec.group)
        refresh = next((found for found in refreshes if found.id == refresh_id), None)
        if refresh is None or group is None:
            raise RolloutError(
                f"fleet {self.spec.fleet}: the group {self.spec.group} was deleted while it was being rolled out; "
                "run `pulumi refresh`, then `pulumi up`"
            )
        return refresh, group

    async def _active(self) -> Refresh | None:
        refreshes = await self.ask(self.aws.fleets.refreshes, self.spec.group)
        return decide.in_status(refreshes, observed.ACTIVE)

    async def _is_everywhere(self, wanted: Template) -> bool:
        """Whether every instance runs what `wanted` says, under whatever version number."""
        group = await self.group()
        running = [instance.template for instance in group.instances]
        if not all(running) or not all(instance.in_service for instance in group.instances):
            return False
        if not running and group.desired:
            return False  # where only some are missing, those that come are launched from what is wanted
        return await self._say_the_same({wanted, *(template for template in running if template)})

    async def _say_the_same(self, templates: set[Template]) -> bool:
        """Whether those versions have the same content: after a way back, one release has several numbers."""
        contents = await self.ask(self.aws.templates.contents, templates)
        return len(contents) == len(templates) and len(set(contents.values())) == 1

    async def undo(self, refresh: Refresh) -> None:
        """Rolls back a refresh that is under way, and waits until it is; nothing where it has just ended.

        Raises RolloutError where AWS can't undo it.
        """
        self.tell(f"{self.spec.fleet}: rolling back instance refresh {refresh.id}")
        undoing = await self.ask(self.aws.refreshes.roll_back, self.spec.group)
        seen, _ = await self._observe(refresh.id)
        if not undoing and seen.status in observed.ROLLING_FORWARD:
            raise RolloutError(
                f"fleet {self.spec.fleet}: instance refresh {seen.id} is {seen.status}, and AWS can't roll it back: "
                "wait for it, or `aws autoscaling cancel-instance-refresh "
                f"--auto-scaling-group-name {self.spec.group}`, and run the same command again"
            )
        if seen.status in observed.ACTIVE:
            seen = await self._ended(refresh)
        if undoing and seen.status != "RollbackSuccessful":
            raise RolloutError(
                await self._failed(f"instance refresh {refresh.id} could not be undone", seen, self._mend())
            )
        if seen.status == "RollbackSuccessful":
            await self.ask(self.record.undone, refresh.id)

    async def _ended(self, refresh: Refresh) -> Refresh:
        """The refresh, once nothing is under way any more."""
        began = self.clock()
        while True:
            seen, group = await self._observe(refresh.id)
            elapsed = self.clock() - began
            if seen.status not in observed.ACTIVE:
                return seen
            if elapsed > self.spec.timeout:
                waited = f"waited {elapsed:.0f} s for instance refresh {seen.id}"
                refused = await self._refused_launch(seen, ())
                mend = f"AWS goes on with it. {CAPACITY}" if refused else self._mend()
                raise RolloutError(await self._failed(_join(waited, refused), seen, mend))
            self._progress(seen, group, group.template)
            await self.sleep(pause(elapsed))

    async def _refused(self, refresh: Refresh) -> str:
        started = await self.ask(self.record.of_refresh, refresh.id)
        what = f"{started.sha}, started by {started.by} at {started.at:%H:%M} UTC," if started else "another release"
        return (
            f"fleet {self.spec.fleet}: {self.spec.sha} was not deployed: a rollout of {what} is {refresh.status} "
            f"(instance refresh {refresh.id}). Wait for it and run `pulumi up` again, or set SLIPWAY_SUPERSEDE=1 to "
            "have it undone first"
        )

    async def _failed(self, reason: str, refresh: Refresh, mend: str) -> str:
        return (
            f"fleet {self.spec.fleet}: {self.spec.sha} was not deployed ({refresh.status}): {reason.rstrip('.')}. "
            f"Now: {await self.serving()}. {mend}"
        )

    def _mend(self) -> str:
        if self.record.action == ROLLBACK:
            return "Name another release with --to; `python -m release list` shows them"
        return "Fix it and run `pulumi up` with the new SHA, or set the SHA that serves"

    def _progress(self, refresh: Refresh, group: Group, wanted: Template | None) -> None:
        self.say(progress(self.spec.fleet, refresh, group, wanted))


def _join(reason: str, shortage: str) -> str:
    return f"{reason.rstrip('.')}; the last launch failed: {shortage}" if shortage else reason
