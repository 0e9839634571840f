"""What `pulumi up` refuses because of what others did to the fleet, found out by a rollout or in a preview."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from release.errors import RolloutError
from release.rollout.decide import in_status
from release.rollout.observed import ACTIVE, ROLLING_FORWARD, Group, Refresh, Template
from release.rollout.past_rollouts import ROLLBACK
from release.rollout.watch import Watch


@dataclass(kw_only=True)
class Conflicts(Watch):
    """Finds someone else's rollout in progress, a rollback by hand, and a change outside of the stack."""

    async def refusals(self, wanted: Template | None) -> list[str]:
        """Return what `pulumi up` would refuse, in the words of its errors, without changing anything.

        `wanted` is None if the launch template changes: its new version is not known yet. Errors of AWS pass through.
        """
        # Only a rollout is refused because of the ledger; without one, the ledger is not read.
        checks = [self._other_in_progress(), *([] if wanted else [self.rolled_back_by_hand()])]
        answers = asyncio.gather(*checks, return_exceptions=True)
        group, found = await asyncio.gather(self.ask(self.aws.fleets.group, self.spec.group), answers)
        if group is None:  # it has yet to be created, perhaps together with the store
            return []
        said = [await self._changed_outside(group, wanted)] if wanted else []
        for answer in found:
            if isinstance(answer, BaseException):
                raise answer
            said.append(answer)
        return [refusal for refusal in said if refusal]

    async def refuse_other(self, wanted: Template) -> None:
        """Raise RolloutError if the group is on another template: someone changed it outside of the stack."""
        changed = await self._changed_outside(await self.group(), wanted)
        if changed:
            raise RolloutError(changed)

    async def _changed_outside(self, group: Group, wanted: Template) -> str:
        """Return the error if the group is on another template than the stack's state says, or ""."""
        if group.template is None or group.template == wanted:
            return ""
        return (
            f"fleet {self.spec.fleet}: the stack says {self.spec.sha} (launch template version {wanted.version}), but "
            f"AWS is using version {group.template.version}: it was changed outside of the stack, for example by "
            f"`python -m release rollback`. Now: {await self.serving()}. To keep what is serving, set "
            f"slipway:release.sha to it. To deploy {self.spec.sha} anyway, run `pulumi refresh`, then "
            "`SLIPWAY_SUPERSEDE=1 pulumi up`"
        )

    async def rolled_back_by_hand(self) -> str:
        """Return the error if the release was rolled back by hand and `supersede` is not set, or ""."""
        if self.spec.supersede or self.record.action == ROLLBACK:
            return ""
        event = await self.ask(self.record.rolled_back)
        if event is None:
            return ""
        return (
            f"fleet {self.spec.fleet}: {self.spec.sha} was rolled back by {event.by} at {event.at:%Y-%m-%d %H:%M} UTC "
            f"({event.reason}), and this would deploy it again. Now: {await self.serving()}. Set slipway:release.sha "
            "to what is serving or to a newer release. To deploy it anyway, run `SLIPWAY_SUPERSEDE=1 pulumi up`"
        )

    async def active_refresh(self) -> Refresh | None:
        """Return the group's refresh in progress, if there is one."""
        return in_status(await self.ask(self.aws.fleets.refreshes, self.spec.group), ACTIVE)

    async def _other_in_progress(self) -> str:
        """Return the error if a rollout of another release is in progress and `supersede` is not set, or ""."""
        refresh = await self.active_refresh()
        if refresh is None or self.spec.supersede or refresh.status not in ROLLING_FORWARD:
            return ""
        sha = await self.ask(self.aws.templates.release_of, refresh.template) if refresh.template else None
        return "" if sha == self.spec.sha else await self.describe_other(refresh)

    async def describe_other(self, refresh: Refresh) -> str:
        """Return the error about another rollout in progress, with who started it and how to override it."""
        started = await self.ask(self.record.of_refresh, refresh.id)
        what = f"{started.sha}, started by {started.by} at {started.at:%H:%M} UTC," if started else "another release"
        return (
            f"fleet {self.spec.fleet}: {self.spec.sha} was not deployed: a rollout of {what} is {refresh.status} "
            f"(instance refresh {refresh.id}). Wait for it and run `pulumi up` again, or undo it first with "
            "`SLIPWAY_SUPERSEDE=1 pulumi up`"
        )
