"""The settings of recovery in a second region: each one's name, type, default, limits and meaning. See stack.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.kinds import Otherwise, text, whole
from infra.settings.section import Section

Posture = Literal["cold", "pilot-light", "warm", "active"]

CHECK_NAME = text(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", "1 to 40 of a-z, 0-9 and -", named="must be named with")
URL = text(r"(https?://|\{url\})[!-~]{0,2000}", "a URL that begins with http://, https:// or {url}")


class ObjectivesSettings(Section):
    """What a drill is measured against."""

    rto: Annotated[int | None, whole(1, 604_800, "seconds"), Otherwise("measured, and not judged")] = None
    """The longest time without service, from the fault to the first answer (recovery time objective)."""
    rpo: Annotated[int | None, whole(0, 604_800, "seconds"), Otherwise("measured, and not judged")] = None
    """How old the newest release and the newest event that are lost may be (recovery point objective)."""


class CheckSettings(Section):
    """A check of yours in a drill: exactly one of `command` and `url`."""

    command: Annotated[str | None, text()] = None
    """A command, run by bash; it finds the drilled stack's URL in `$SLIPWAY_URL`, and fails by its exit status."""
    url: Annotated[str | None, URL] = None
    """A URL that has to answer 2xx; `{url}` at its beginning stands for the drilled stack's, as in `{url}/checkout`."""
    timeout: Annotated[int, whole(1, 3600, "seconds")] = 60
    """How long the check may take."""


class RecoverySettings(Section):
    """Recovery in a second region."""

    posture: Posture = "active"
    """What stands: `cold` (nothing but the store), `pilot-light` (all but instances), `warm` (one instance in each
    zone), `active`. `SLIPWAY_POSTURE` overrides it for one `pulumi up`."""
    objectives: ObjectivesSettings = ObjectivesSettings()
    checks: dict[Annotated[str, CHECK_NAME], CheckSettings] = Field(default_factory=dict)
    """Checks of yours that a drill runs, by name: your database, your checkout page."""
    bake: Annotated[int, whole(0, 3600, "seconds")] = 60
    """How long a drill watches the alarms."""
    interval: Annotated[int, whole(1, 366, "days")] = 31
    """How long after a drill the next one is due."""
