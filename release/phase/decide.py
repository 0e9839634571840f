"""What the notes and instances of a stack say about a release phase: done, under way, unfinished, or due. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from release.phase.spec import PhaseSpec, Running
from release.text import one_line

BEGAN, SUCCEEDED, FAILED, STOPPED = "began", "succeeded", "failed", "stopped"
"""What notes of a release phase say. A phase that was stopped did not end by itself."""
LAST_LINES = 20


class Noted(Protocol):
    """As much of a note (store/notes.py) as counts here."""

    @property
    def what(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, str]: ...


N = TypeVar("N", bound=Noted)


@dataclass(frozen=True)
class Ended:
    """The last word of an instance: the command's exit status, None if it never ran."""

    exit: int | None
    lines: int
    seconds: int | None
    reason: str


def of_release(notes: Sequence[N], spec: PhaseSpec) -> list[N]:
    """Return the notes about this release, in their order."""
    return [note for note in notes if (note.facts.get("sha"), note.facts.get("digest")) == (spec.sha, spec.digest)]


def unfinished(notes: Sequence[N], spec: PhaseSpec) -> N | None:
    """Return the note with which a run of this release began whose end nobody noted; `notes` are newest first."""
    own = of_release(notes, spec)
    ended = _ended(own)
    return next((note for note in own if note.what == BEGAN and note.facts.get("instance") not in ended), None)


def attempt(notes: Sequence[Noted], spec: PhaseSpec) -> int:
    """Return the number of this attempt: how many runs of this release have ended.

    One that goes on does not count: two deployers who come at once must come to the same number.
    """
    return len(_ended(of_release(notes, spec)))


def _ended(own: Sequence[Noted]) -> set[str | None]:
    return {note.facts.get("instance") for note in own if note.what != BEGAN}


def token(spec: PhaseSpec, attempt: int, subnet: str, kind: str) -> str:
    """Return what makes one instance of a launch that two deployers ask for (ClientToken, at most 64 characters)."""
    parts = (spec.stack, spec.sha, spec.digest, str(attempt), subnet, kind)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def other(running: Sequence[Running], spec: PhaseSpec) -> Running | None:
    """Return the phase of another release that is under way."""
    return next((each for each in running if (each.sha, each.digest) != (spec.sha, spec.digest)), None)


def refusal(found: Running, spec: PhaseSpec) -> str:
    """Return why this one can't run beside another release's."""
    return (
        f"stack {spec.stack}: the release phase of {found.sha} is under way on {found.instance} (launched "
        f"{found.launched}), and that of {spec.sha} must not run beside it; nothing was replaced. Try again when it "
        f"has ended; to end it, `aws ec2 terminate-instances --instance-ids {found.instance}`"
    )


def verdict(ended: Ended | None, spec: PhaseSpec, instance: str) -> str | None:
    """Return why the phase failed; None if it succeeded. `ended` is None where the instance was gone without a word."""
    if ended and ended.exit == 0:
        return None
    if ended is None:
        return f"instance {instance} ended and did not say how the command ended: somebody, or EC2, ended it"
    if ended.exit is None:
        return f"`{spec.command}` did not run on {instance}: {ended.reason or 'it does not say why'}"
    timed_out = f" (release.timeout is {spec.timeout} s)" if "not done within" in ended.reason else ""
    because = f": {ended.reason}{timed_out}" if ended.reason else ""
    return f"`{spec.command}` ended with {ended.exit} on {instance}{because}"


def failure(why: str, spec: PhaseSpec, instance: str, last: Sequence[str]) -> str:
    """Return the error: why, what the command last said, where all of it is, and what to do."""
    said = "".join(f"\n    {one_line(line, 300)}" for line in last[-LAST_LINES:])
    shown = f"its last output:{said}\n" if said else "it said nothing. "
    return (
        f"the release phase of {spec.sha} failed, so that nothing was replaced: {why}; {shown}All of it: "
        f"`aws logs tail {spec.log_group} --log-stream-names {spec.stream}/{instance}`. "
        "Correct it in a new commit, or run `pulumi up` again"
    )
