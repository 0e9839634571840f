"""What one release phase is to do, and where. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from release import names

_LAUNCH = 180
"""Seconds from a launch to the start of the user data, and from its last line to the end of the instance, at most."""


@dataclass(frozen=True, kw_only=True)
class PhaseSpec:
    """What is to run. Times are in seconds."""

    stack: str
    fleet: str
    """The fleet whose network, role, secrets and log group the instance has."""
    log_group: str
    sha: str
    digest: str
    command: str
    timeout: int
    """For the command itself."""
    boot_timeout: int
    again: bool = False
    """Whether it runs although it has succeeded for this release."""

    @property
    def stream(self) -> str:
        """Return what the names of the log streams begin with that have the output."""
        return f"release/{self.sha[:12]}"

    @property
    def deadline(self) -> int:
        """Return when whoever waits for the instance ends it. It ends itself before that (release/boot/once.sh)."""
        return self.boot_timeout + self.timeout + _LAUNCH

    @property
    def facts(self) -> Mapping[str, str]:
        """Return what notes say of it."""
        return {"sha": self.sha, "digest": self.digest, "fleet": self.fleet}


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the instance is made of: a version of the fleet's launch template, with user data of its own."""

    template: str
    version: str
    user_data: str
    subnets: tuple[str, ...]
    types: tuple[str, ...]
    tags: Mapping[str, str]

    def own_tags(self, spec: PhaseSpec) -> dict[str, str]:
        """Return the tags of the instance and its volume."""
        own = {names.RELEASE_TAG: spec.sha, names.PHASE_TAG: spec.digest, "Name": f"{names.prefix(spec.stack)}-release"}
        return {**self.tags, **own}


@dataclass(frozen=True)
class Running:
    """An instance that runs a release phase of the stack, or is about to."""

    instance: str
    sha: str
    digest: str
    launched: str
    """When, as people read it."""
