"""Drives a rollout to its true end: the loop between `fleets` (AWS) and `rollout` (what to do).

Why not the provider's own `instance_refresh` block: docs/adr/0002-rollout-by-hook.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from release import rollout
from release.rollout import Alarm, Group, Refresh, Step, Template
from release.templates import Templates
from release.watch import RolloutError, Watch, pause


@dataclass(kw_only=True)
class Rollout(Watch):
    """One rollout of one fleet."""

    templates: Templates

    async def run(self, desired: Mapping[str, Any], wanted: Template) -> None:
        """Rolls the group to `desired` (DesiredConfiguration of the API), whose launch template is `wanted`.

        Returns when it is on every instance. Raises RolloutError on every other end.
        """
        group = await self.ask(self.fleets.group, self.plan.group)
        if group is None:
            return  # the provider is about to say so, with AWS's own words
        refresh_id = await self._adopt(wanted)
        if refresh_id is None and await self._is_everywhere(group, wanted):
            self.tell(f"{self.plan.fleet}: every instance already runs {self.plan.sha}")
            return
        await self._follow(refresh_id or await self._start(desired, wanted), wanted)

    async def _adopt(self, wanted: Template) -> str | None:
        """The refresh to what is wanted that is under way already, if one is."""
        under_way = await self._under_way(wanted)
        if under_way is None:
            return None
        self.tell(f"{self.plan.fleet}: instance refresh {under_way.id} to {self.plan.sha} is under way; following it")
        if await self.ask(self.record.of_refresh, under_way.id) is None:  # killed before it could record the start
            await self.ask(self.record.started, template_version=wanted.version, refresh_id=under_way.id)
        return under_way.id

    async def _under_way(self, wanted: Template) -> Refresh | None:
        """A refresh to what is wanted that is under way already: an earlier `pulumi up` was killed.

        One that is being undone is waited for. Another one is refused, or undone where that was asked for.
        """
        refresh = await self._active()
        if refresh and refresh.status not in rollout.ROLLING_FORWARD:
            self.tell(f"{self.plan.fleet}: waiting for instance refresh {refresh.id}, which is {refresh.status}")
            await self._ended(refresh)
            refresh = await self._active()
        if refresh is None or (refresh.template and await self._say_the_same({refresh.template, wanted})):
            return refresh
        if not self.plan.supersede:
            raise RolloutError(await self._refused(refresh))
        await self.undo(refresh)
        return None

    async def _start(self, desired: Mapping[str, Any], wanted: Template) -> str:
        """Starts a refresh; or adopts the one that came first: another `pulumi up`, or a lost answer to this one."""
        if self.plan.hook:
            await self.ask(self.fleets.allow_boot, self.plan.group, self.plan.hook, self.plan.boot_timeout)
        unfit = await self._unfit_alarms()
        preferences = rollout.without(self.plan.preferences, unfit)
        refresh_id = await self.ask(self.fleets.start, self.plan.group, desired, preferences)
        if refresh_id is None:
            adopted = await self._adopt(wanted)
            if adopted is None:
                raise RolloutError(
                    f"fleet {self.plan.fleet}: {self.plan.sha} was not deployed: another rollout came first, and has "
                    "ended by now; run `pulumi up` again"
                )
            return adopted
        unwatched = _unwatched(unfit) if unfit else None
        await self.ask(self.record.started, template_version=wanted.version, refresh_id=refresh_id, reason=unwatched)
        if unwatched:
            (self.warn or self.tell)(f"{self.plan.fleet}: {unwatched}")
        self.tell(
            f"{self.plan.fleet}: instance refresh {refresh_id} to {self.plan.sha} started. If this is interrupted "
            "it goes on in AWS: `python -m release status` shows it, `python -m release rollback` undoes it"
        )
        return refresh_id

    async def _unfit_alarms(self) -> list[Alarm]:
        """The alarms that are not OK and stay so, after they had time: AWS starts no refresh that one is to watch.

        After a bad release an alarm is on for another minute or two, and a new one has no data yet. Where one stays
        on, what serves now sets it off, so it can't judge what is to replace that.
        """
        names, began = rollout.alarms(self.plan.preferences), self.clock()
        while True:
            unfit = await self.ask(self.fleets.alarms_not_ok, names)
            elapsed = self.clock() - began
            if not unfit or elapsed >= self.plan.alarm_wait:
                return unfit
            self.say(
                f"{self.plan.fleet}: waiting up to {self.plan.alarm_wait:.0f} s (rollout.alarmWait) until OK: "
                + ", ".join(f"{alarm.name} ({alarm.state})" for alarm in unfit)
            )
            await self.sleep(pause(elapsed))

    async def _follow(self, refresh_id: str, wanted: Template) -> None:
        began = self.clock()
        rolled_back_for = ""
        while True:
            refresh, group = await self._observe(refresh_id)
            failures = await self.failures(refresh.started) if refresh.started else []
            elapsed = self.clock() - began
            self._progress(refresh, group, wanted)
            decision = rollout.decide(refresh, failures, elapsed=elapsed, timeout=self.plan.timeout)
            if decision.step is Step.SUCCEEDED:
                return
            if decision.step is Step.FAILED:
                reason = rolled_back_for or decision.reason
                await self.ask(self.record.failed, reason=reason, refresh_id=refresh_id, seconds=elapsed)
                raise RolloutError(await self._failed(reason, refresh))
            if decision.step is Step.ROLL_BACK and not rolled_back_for:
                rolled_back_for = await self._why(decision.reason, refresh)
                self.tell(f"{self.plan.fleet}: rolling back: {rolled_back_for}")
                await self.ask(self.fleets.roll_back, self.plan.group)
            await self.sleep(pause(elapsed))

    async def _why(self, reason: str, refresh: Refresh) -> str:
        """The reason for turning it round, and why EC2 launched nothing, where it did not (no capacity, a quota)."""
        refused = await self.ask(self.fleets.refused_launch, self.plan.group, refresh.started or self.now())
        return f"{reason.rstrip('.')}; the last launch failed: {refused}" if refused else reason

    async def _observe(self, refresh_id: str) -> tuple[Refresh, Group]:
        refreshes = await self.ask(self.fleets.refreshes, self.plan.group)
        group = await self.ask(self.fleets.group, self.plan.group)
        refresh = next((found for found in refreshes if found.id == refresh_id), None)
        if refresh is None or group is None:
            raise RolloutError(
                f"fleet {self.plan.fleet}: the group {self.plan.group} was deleted while it was being rolled out; "
                "run `pulumi refresh`, then `pulumi up`"
            )
        return refresh, group

    async def _active(self) -> Refresh | None:
        refreshes = await self.ask(self.fleets.refreshes, self.plan.group)
        return rollout.in_status(refreshes, rollout.ACTIVE)

    async def _is_everywhere(self, group: Group, wanted: Template) -> bool:
        """Whether every instance runs what `wanted` says, under whatever version number."""
        running = [instance.template for instance in group.instances]
        if not all(running) or not all(instance.in_service for instance in group.instances):
            return False
        if len(running) < group.desired:
            return False
        return await self._say_the_same({wanted, *(template for template in running if template)})

    async def _say_the_same(self, templates: set[Template]) -> bool:
        """Whether those versions have the same content: after a way back, one release has several numbers."""
        contents = await self.ask(self.templates.contents, templates)
        return len(contents) == len(templates) and len(set(contents.values())) == 1

    async def undo(self, refresh: Refresh) -> None:
        """Rolls back a refresh that is under way, and waits until it is.

        Raises RolloutError where AWS could not undo it.
        """
        self.tell(f"{self.plan.fleet}: rolling back instance refresh {refresh.id}")
        await self.ask(self.fleets.roll_back, self.plan.group)
        seen = await self._ended(refresh)
        if seen.status != "RollbackSuccessful":
            raise RolloutError(await self._failed(f"instance refresh {refresh.id} could not be undone", seen))

    async def _ended(self, refresh: Refresh) -> Refresh:
        """The refresh, once nothing is under way any more."""
        began = self.clock()
        while True:
            seen, group = await self._observe(refresh.id)
            elapsed = self.clock() - began
            if seen.status not in rollout.ACTIVE:
                return seen
            if elapsed > self.plan.timeout:
                raise RolloutError(await self._failed(f"waited {elapsed:.0f} s for instance refresh {seen.id}", seen))
            self._progress(seen, group, group.template)
            await self.sleep(pause(elapsed))

    async def _refused(self, refresh: Refresh) -> str:
        started = await self.ask(self.record.of_refresh, refresh.id)
        what = f"{started.sha}, started by {started.by} at {started.at:%H:%M} UTC," if started else "another release"
        return (
            f"fleet {self.plan.fleet}: {self.plan.sha} was not deployed: a rollout of {what} is {refresh.status} "
            f"(instance refresh {refresh.id}). Wait for it and run `pulumi up` again, or set SLIPWAY_SUPERSEDE=1 to "
            "have it undone first"
        )

    async def _failed(self, reason: str, refresh: Refresh) -> str:
        return (
            f"fleet {self.plan.fleet}: {self.plan.sha} was not deployed ({refresh.status}): {reason.rstrip('.')}. "
            f"Now: {await self.serving()}. Mend it and run `pulumi up` with the new SHA, or set the SHA that serves"
        )

    def _progress(self, refresh: Refresh, group: Group, wanted: Template | None) -> None:
        self.say(rollout.progress(self.plan.fleet, refresh, group, wanted))


def _unwatched(unfit: Sequence[Alarm]) -> str:
    return f"what does not watch this rollout: {'; '.join(_why_not(alarm) for alarm in unfit)}"


def _why_not(alarm: Alarm) -> str:
    since = datetime.fromtimestamp(alarm.since, tz=timezone.utc)
    if alarm.state == "ALARM":
        return f"{alarm.name} is on since {since:%H:%M} UTC, before this rollout: what serves now sets it off"
    if alarm.state == "missing":
        return f"{alarm.name} is gone: `pulumi refresh`, then `pulumi up` makes it anew"
    return f"{alarm.name} has had no data since {since:%H:%M} UTC"
