"""Drives a rollout to its true end: refuses, adopts or starts an instance refresh, then follows it.

docs/adr/0002-rollout-by-hook.md says why this is not the provider's own `instance_refresh` block.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from release.errors import RolloutError, StoreError
from release.rollout import alarms
from release.rollout.alarms import Alarm
from release.rollout.follow import Following
from release.rollout.observed import ACTIVE, ROLLING_FORWARD, Refresh, Template
from release.rollout.watch import pause


@dataclass(kw_only=True)
class Rollout(Following):
    """One rollout of one fleet."""

    before: Callable[[], Awaitable[None]] | None = None
    """What has to succeed before anything is replaced; it raises ReleaseError."""
    begun: Callable[[], None] | None = None
    """Hears that there is a rollout, started or adopted, before that is followed to its end."""

    async def run(self, desired: Mapping[str, Any], wanted: Template) -> None:
        """Roll the group to `desired` (DesiredConfiguration of the API), whose launch template is `wanted`.

        Return when it is on every instance. Raise RolloutError on any other end.
        """
        await self.group()
        if refusal := await self.rolled_back_by_hand():
            raise RolloutError(refusal)
        refresh_id = await self._adopt(wanted)
        if refresh_id is None:
            await self._record_unseen_end()
            if self.spec.wants_none:
                self.tell(f"{self.spec.fleet}: nothing is rolled out: the group is to have no instances")
                return
            if await self._is_everywhere(wanted):
                self.tell(f"{self.spec.fleet}: every instance already runs {self.spec.sha}")
                return
            if self.before:
                await self.before()
            refresh_id = await self._start(desired, wanted)
        if self.begun:
            self.begun()
        await self.follow(refresh_id, wanted)

    async def _record_unseen_end(self) -> None:
        """Record how an earlier rollout ended if the command that followed it was killed."""
        event = await self.ask(self.record.unfinished)
        refreshes = await self.ask(self.aws.fleets.refreshes, self.spec.group) if event else []
        refresh = next((found for found in refreshes if event and found.id == event.refresh_id), None)
        if event is None or refresh is None or refresh.status in ACTIVE:
            return
        if refresh.status == "Successful" and event.sha == self.spec.sha:
            return  # it is about to be proved
        outcome, reason = "succeeded", refresh.status
        if refresh.status != "Successful":
            failures = await self.failures(refresh.started, event.sha) if refresh.started else []
            refused = await self.refused_launch(refresh, failures)
            outcome, reason = ("unproved", f"{reason}: {refused}") if refused else ("failed", reason)
        await self.ask(self.record.ended_unseen, event, outcome=outcome, reason=reason)

    async def _adopt(self, wanted: Template) -> str | None:
        """Return the id of a refresh to `wanted` that is already in progress, or None."""
        refresh = await self._in_progress(wanted)
        if refresh is None:
            return None
        self.tell(f"{self.spec.fleet}: instance refresh {refresh.id} to {self.spec.sha} is in progress; following it")
        if await self.ask(self.record.of_refresh, refresh.id) is None:  # killed before it could record the start
            await self._record_start(refresh.id, wanted, None)
        return refresh.id

    async def _in_progress(self, wanted: Template) -> Refresh | None:
        """Return a refresh to `wanted` that an interrupted `pulumi up` left in progress, or None.

        Wait for one that is being rolled back. Undo another one if `supersede` is set; otherwise raise RolloutError.
        """
        refresh = await self.active_refresh()
        if refresh and refresh.status not in ROLLING_FORWARD:
            self.tell(f"{self.spec.fleet}: waiting for instance refresh {refresh.id}, which is {refresh.status}")
            await self.ended(refresh)
            refresh = await self.active_refresh()
        if refresh is None or (refresh.template and await self._are_the_same({refresh.template, wanted})):
            return refresh
        if not self.spec.supersede:
            raise RolloutError(await self.describe_other(refresh))
        await self.undo(refresh)
        return None

    async def _start(self, desired: Mapping[str, Any], wanted: Template) -> str:
        """Start a refresh and return its id. If one is in progress, adopt it: AWS's answer to the start may be lost."""
        if self.spec.hook:
            await self.ask(self.aws.refreshes.allow_boot, self.spec.group, self.spec.hook, self.spec.boot_timeout)
        ignored = await self._alarms_to_ignore()
        preferences = alarms.without(self.spec.preferences, ignored)
        refresh_id = await self.ask(self.aws.refreshes.start, self.spec.group, desired, preferences)
        if refresh_id is None:
            adopted = await self._adopt(wanted)
            if adopted is None:
                raise RolloutError(
                    f"fleet {self.spec.fleet}: {self.spec.sha} was not deployed: another rollout started first and has "
                    "already ended; run `pulumi up` again"
                )
            return adopted
        warning = alarms.explain(ignored) or None
        await self._record_start(refresh_id, wanted, warning)
        if warning:
            self.caution(f"{self.spec.fleet}: {warning}")
        self.tell(
            f"{self.spec.fleet}: instance refresh {refresh_id} to {self.spec.sha} started. If this command is "
            "interrupted, it continues in AWS: `python -m release status` shows it, `python -m release rollback` "
            "undoes it"
        )
        return refresh_id

    async def _record_start(self, refresh_id: str, wanted: Template, reason: str | None) -> None:
        write, version = self.record.write, wanted.version
        try:
            await self.ask(write, "started", template_version=version, refresh_id=refresh_id, reason=reason)
        except StoreError as error:
            raise RolloutError(
                f"fleet {self.spec.fleet}: instance refresh {refresh_id} to {self.spec.sha} is in progress and "
                f"continues, but the ledger could not be written ({error}). Fix that and run the same command again to "
                "follow it"
            ) from None

    async def _alarms_to_ignore(self) -> list[Alarm]:
        """Wait for the alarms to return to OK, and return those that don't: AWS refuses to start with them.

        After a bad release an alarm keeps firing for a minute or two, and a new one has no data yet. One that keeps
        firing is set off by the running release, so it can't judge the next one.
        """
        names, began = alarms.names(self.spec.preferences), self.clock()
        while True:
            not_ok = await self.ask(self.aws.fleets.alarms_not_ok, names)
            elapsed = self.clock() - began
            if not not_ok or elapsed >= self.spec.alarm_wait:
                return not_ok
            waiting = f"waiting up to {self.spec.alarm_wait:.0f} s (rollout.alarmWait) for alarms to return to OK"
            self.say(f"{self.spec.fleet}: {waiting}: {', '.join(f'{alarm.name} ({alarm.state})' for alarm in not_ok)}")
            await self.sleep(pause(elapsed))

    async def _is_everywhere(self, wanted: Template) -> bool:
        """Return whether every instance runs the content of `wanted`, under whatever version number."""
        group = await self.group()
        running = [instance.template for instance in group.instances]
        if not all(running) or not all(instance.in_service for instance in group.instances):
            return False
        if not running and group.desired:
            return False  # if only some are missing, those to come are launched from what is wanted
        return await self._are_the_same({wanted, *(template for template in running if template)})

    async def _are_the_same(self, templates: set[Template]) -> bool:
        """Return whether these versions have the same content: after a rollback, one release has several numbers."""
        contents = await self.ask(self.aws.templates.contents, templates)
        return len(contents) == len(templates) and len(set(contents.values())) == 1
