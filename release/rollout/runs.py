"""What became of scheduled work the last time, from the journal of its runs and the instances of its group. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from release.store import document
from release.text import clean


@dataclass(frozen=True, kw_only=True)
class Line:
    """How a run began or ended, as its instance says (release/boot/once.sh)."""

    event: str
    instance: str
    sha: str
    at: float
    """When AWS received it, in seconds since the epoch."""
    exit: int | None = None
    """None where the command never ran, or not to its end."""
    seconds: int | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The last run of an entry."""

    state: str
    """`running`; `ended`; `lost`: it began, but its instance went, or was booted again; it is not repeated."""
    instance: str
    sha: str
    began: float
    """In seconds since the epoch; where the command never ran, when that was said."""
    exit: int | None = None
    seconds: int | None = None
    reason: str = ""

    def __str__(self) -> str:
        when = f"{datetime.fromtimestamp(self.began, timezone.utc):%Y-%m-%d %H:%M} UTC"
        why = f" ({self.reason})" if self.reason else ""
        if self.state == "running":
            return f"{when}: running on {self.instance}"
        if self.state == "lost":
            return f"{when}: lost midway on {self.instance}{why}"
        if self.exit is None:
            return f"{when}: could not begin{why}"
        took = "" if self.seconds is None else f" after {self.seconds} s"
        return f"{when}: exit {self.exit}{took}{why}"


@dataclass(frozen=True, kw_only=True)
class Job:
    """An entry of `schedule` as it stands; `last` is None where no run is in its journal."""

    name: str
    fleet: str
    last: Run | None = None
    starting: str | None = None
    """An instance that is up for the next run, which has not begun yet."""

    def __str__(self) -> str:
        said = str(self.last) if self.last else "never ran"
        return f"{said}; {self.starting} is starting" if self.starting else said

    def document(self) -> dict[str, Any]:
        """Return it as `status --json` shows it."""
        shown: dict[str, Any] = {"name": self.name, "state": "never", "starting": self.starting}
        if not (run := self.last):
            return shown
        facts = {key: getattr(run, key) for key in ("state", "exit", "seconds", "instance", "sha", "reason")}
        return shown | facts | {"began": datetime.fromtimestamp(run.began, timezone.utc).isoformat(timespec="seconds")}


def line(message: str, at: float) -> Line | None:
    """Return what a line of the journal says; None for one that is not of a run."""
    said = document.line(message)
    event, instance, sha, reason = (said.get(key, "") for key in ("event", "instance", "sha", "reason"))
    if not (isinstance(instance, str) and instance and isinstance(sha, str) and isinstance(reason, str)):
        return None
    if event not in ("began", "ended"):
        return None
    return Line(
        event=str(event),
        instance=clean(instance),
        sha=clean(sha),
        at=at,
        exit=document.number(said.get("exit")),
        seconds=document.number(said.get("seconds")),
        reason=clean(reason),
    )


def last(lines: Sequence[Line], alive: Collection[str]) -> Run | None:
    """Return the last run; `lines` are in order, `alive` the instances that its group has and AWS calls healthy."""
    if not lines:
        return None
    newest = lines[-1]
    own = [line for line in lines if line.instance == newest.instance]
    began = own[0].event == "began"
    ended = next((line for line in own if line.event == "ended"), None)
    if ended:
        state = "lost" if began and ended.exit is None else "ended"
    else:
        state = "running" if newest.instance in alive else "lost"
    return Run(
        state=state,
        instance=newest.instance,
        sha=newest.sha,
        began=own[0].at,
        exit=ended.exit if ended else None,
        seconds=ended.seconds if ended else None,
        reason=ended.reason if ended else "",
    )


def job(name: str, fleet: str, lines: Sequence[Line], alive: Collection[str]) -> Job:
    """Return an entry with its last run, and which instance is up that has not begun."""
    run = last(lines, alive)
    waiting = [instance for instance in alive if not run or instance != run.instance]
    return Job(name=name, fleet=fleet, last=run, starting=waiting[0] if waiting else None)
