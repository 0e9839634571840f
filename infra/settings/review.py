"""The settings of review stacks: each one's name, type, default, limits and meaning. See stack.py."""

from __future__ import annotations

from typing import Annotated

from infra.settings.kinds import Otherwise, whole
from infra.settings.section import Section


class ReviewSettings(Section):
    """A stack for one pull request, which goes again: `pr-NUMBER`."""

    expires: Annotated[int | None, whole(1, 720, "hours"), Otherwise("the stack stays")] = None
    """How long after its first deploy `python -m release sweep` may remove the stack; `SLIPWAY_EXTEND=1 pulumi up`
    begins anew."""
    stacks: Annotated[int, whole(1, 100)] = 10
    """How many review stacks the region may have; a further one is refused."""
    instances: Annotated[int, whole(1, 100)] = 4
    """How many instances the fleets of a review stack may have together, at their largest."""
