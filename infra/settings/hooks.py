"""The settings of hooks: commands of the user's own around a deploy. See stack.py. Pure."""

from __future__ import annotations

from typing import Annotated

from infra.settings.kinds import Otherwise, text, whole
from infra.settings.section import Section

COMMAND = text()


class HooksSettings(Section):
    """Commands that bash runs on the machine that deploys, once for each `pulumi up` that rolls something out."""

    before_deploy: Annotated[str | None, COMMAND, Otherwise("nothing runs")] = None
    """Runs before the first fleet is touched; a failure stops the deploy."""
    after_deploy: Annotated[str | None, COMMAND, Otherwise("nothing runs")] = None
    """Runs once all fleets serve the release; a failure is a warning."""
    after_failure: Annotated[str | None, COMMAND, Otherwise("nothing runs")] = None
    """Runs after a deploy that failed; a failure is a warning."""
    timeout: Annotated[int, whole(1, 3600, "seconds")] = 300
    """How long each of them may take."""
