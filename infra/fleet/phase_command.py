"""Which command a stack's release phase runs, and on which fleet's terms; what EC2 would refuse of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.fleet import boot
from infra.settings import FleetSettings, Settings
from release import names
from release.component.once import once
from release.component.user_data import UserDataTooLargeError, render

PROCESS = "release"
"""The process of a Procfile that Heroku runs likewise (its documentation, "Release Phase")."""


def command(settings: Settings, processes: Mapping[str, str]) -> str | None:
    """Return what runs before a release is rolled out, None if nothing does; `processes` are the release's."""
    if not settings.release.run:
        return None
    return settings.release.command or processes.get(PROCESS)


def fleet(settings: Settings) -> FleetSettings:
    """Return the fleet whose network, role, secrets and instance types the instance has."""
    named = settings.release.fleet
    return settings.fleets[named] if named else next(iter(settings.balanced.values()))


def left_out(settings: Settings) -> str | None:
    """Return why this stack runs no release phase, whatever the release has; None if it does."""
    why = None
    if settings.release.follow:
        why = f"the stack follows {settings.release.follow}, whose own deploys run it"
    elif settings.posture != "active":
        why = f"the stack stands by ({settings.posture})"
    elif names.is_drill(settings.stack):
        why = "a drill changes no data"
    return f"the release phase does not run here: {why}" if why else None


def problems(settings: Settings, told: str | None, bucket: str) -> Iterator[str]:
    """Yield what EC2 would refuse at its launch; `told` is the command."""
    if not told:
        return
    of = fleet(settings)
    base = boot.largest(settings, of, told, bucket)
    try:
        render(once(base, command=told, timeout=settings.release.timeout, stream=f"release/{'0' * 12}"))
    except UserDataTooLargeError as error:
        yield f"release.command: on its own instance, {error}"
