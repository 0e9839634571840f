"""What `pulumi up` would refuse, asked in a preview: nothing is written, and nothing of it fails the preview."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from release.rollout import observed
from release.rollout.drive import Rollout
from release.rollout.observed import Template


@dataclass(kw_only=True)
class Conflicts(Rollout):
    """A look at one fleet, before anything is rolled out."""

    async def refusals(self, wanted: Template | None) -> list[str]:
        """What `pulumi up` would say, in its own words; [] where it would go on.

        `wanted` is None where the launch template changes: its version is not known before it is made. Raises what
        AWS raises.
        """
        # Only a rollout is refused for what the ledger says; without one it is not read.
        asked = [self._another_under_way(), *([] if wanted else [self.taken_back()])]
        others = asyncio.gather(*asked, return_exceptions=True)
        group, found = await asyncio.gather(self.ask(self.aws.fleets.group, self.spec.group), others)
        if group is None:  # it is yet to be made, perhaps with the store itself
            return []
        said = [await self.changed_outside(group, wanted)] if wanted else []
        for answer in found:
            if isinstance(answer, BaseException):
                raise answer
            said.append(answer)
        return [refusal for refusal in said if refusal]

    async def _another_under_way(self) -> str:
        """What to say of a rollout of another release that is under way."""
        refresh = await self._active()
        if refresh is None or self.spec.supersede or refresh.status not in observed.ROLLING_FORWARD:
            return ""
        sha = await self.ask(self.aws.templates.release_of, refresh.template) if refresh.template else None
        return "" if sha == self.spec.sha else await self._refused(refresh)
