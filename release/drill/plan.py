"""What a drill is told: the stack, the isolated one in its place, and what to measure it against. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from release.drill.isolated import Isolated


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A check as the settings have it: one of `command` and `url`. `timeout` is in seconds."""

    name: str
    command: str | None
    url: str | None
    timeout: float

    @property
    def what(self) -> str:
        return self.command or self.url or ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a drill is told. Durations are seconds."""

    stack: str
    follows: str
    region: str
    bucket: str
    project: Path
    project_name: str
    isolated: Isolated
    posture: str
    domain: str | None
    rto: int | None
    rpo: int | None
    checks: Sequence[Asked]
    bake: int
    interval: int
    """Days until the next drill is due."""
    scope: Sequence[str]
    """What is brought up, for people."""
    since: datetime | None
    """When the fault was, if it was before the drill began."""
    lift: str | None
    """The command that ends a cut-off which is not the drill's own."""
    contacted: str | None
    """The command that tells the calls to AWS by region."""
    timeout: float
    """How long the engine may take to bring the stack up."""
    by: str
    caller: str | None
    versions: Mapping[str, str]
