"""The settings of what happens at certain times: each one's name, type, default, limits and meaning. See stack.py."""

from __future__ import annotations

from typing import Annotated

from infra.settings.cron import CRON, TIME_ZONE
from infra.settings.kinds import Otherwise, text, whole
from infra.settings.section import Section

_NAME = r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?"
ENTRY = text(_NAME, "1 to 20 of a-z, 0-9 and -, beginning with a letter", named="must be named with")
FLEET = text(_NAME, "the name of a fleet")


class JobSettings(Section):
    """Work that is done at certain times: a command, on an instance that is there for it alone; never twice at once."""

    cron: Annotated[str, CRON]
    """When it runs: minute, hour, day of the month, month, day of the week (0 is Sunday), in numbers: `30 2 * * *`."""
    timezone: Annotated[str, TIME_ZONE] = "Etc/UTC"
    """The time zone of `cron`."""
    command: Annotated[str, text()]
    """The command, run by bash in the release, as a fleet's is."""
    fleet: Annotated[str, FLEET]
    """The fleet whose release, type, network, role, environment and secrets it has."""
    timeout: Annotated[int, whole(60, 86_400, "seconds")] = 3600
    """How long the command may take; then it is ended."""


class SizeAtSettings(Section):
    """Sizes that the fleet gets at certain times; at least one of the three."""

    cron: Annotated[str, CRON]
    """When: as in `schedule`."""
    timezone: Annotated[str, TIME_ZONE] = "Etc/UTC"
    """The time zone of `cron`."""
    min: Annotated[int | None, whole(0, 10_000), Otherwise("stays")] = None
    """The fewest instances from then on."""
    max: Annotated[int | None, whole(0, 10_000), Otherwise("stays")] = None
    """The most instances from then on; at most `size.max`."""
    desired: Annotated[int | None, whole(0, 10_000), Otherwise("stays, within the bounds")] = None
    """How many instances then; target tracking goes on from there."""
