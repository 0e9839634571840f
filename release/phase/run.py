"""Runs a release phase: once for a release, never beside another one, and nothing of it stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from threading import Event
from typing import Protocol

from release.clients import FAILURES, described
from release.errors import ReleaseError, RolloutError
from release.phase import decide
from release.phase.decide import BEGAN, FAILED, STOPPED, SUCCEEDED, Ended
from release.phase.instances import Instances
from release.phase.output import Output
from release.phase.spec import PhaseSpec, Place
from release.phase.warden import Warden
from release.store.notes import Note, note

_POLL = 1.0
_KEPT = 50
"""Notes that are read: an older run that nobody saw end is over."""
_LAST_WORD = 20.0
"""Seconds in which the log group shows what an instance wrote before it ended."""
_TROUBLE = 60.0
"""Seconds for which AWS may fail to answer before the phase is given up; the clients have retried by then."""
_UNKNOWN = 300.0
"""Seconds for which EC2 may not know an instance that it launched ("Eventual consistency", its API reference)."""
_REPORT = 10
_SHOWN = 500
"""Lines that are shown one by one; of more, where they are."""


class Kept(Protocol):
    """Where notes are kept (store/notes.py)."""

    def add(self, note: Note) -> str: ...
    def newest(self, stack: str, limit: int = 1) -> list[Note]: ...


class Guard(Protocol):
    """What ends the instance if this process can't."""

    interrupted: Event


class Phase:
    """One release phase. `say` shows a line that stays, `tell` one that may be redrawn."""

    def __init__(
        self,
        spec: PhaseSpec,
        *,
        instances: Instances,
        notes: Kept,
        done: Kept,
        say: Callable[[str], None],
        tell: Callable[[str], None],
        output: Callable[[PhaseSpec, str], Output] = Output,
        guard: Callable[[str], AbstractContextManager[Guard]] = Warden,
    ) -> None:
        """`notes` are those of the stack's phases, `done` those of this release's that succeeded."""
        self._spec = spec
        self._instances = instances
        self._notes = notes
        self._done = done
        self._say = say
        self._tell = tell
        self._output = output
        self._guard = guard
        self._shown, self._reported = 0, -1

    def has_run(self) -> Note | None:
        """Return the note that it has succeeded for this release."""
        return next(iter(decide.of_release(self._done.newest(self._spec.stack), self._spec)), None)

    def run(self, place: Place) -> None:
        """Run it, unless it has run. Raises ReleaseError if it failed: then nothing may be replaced."""
        spec = self._spec
        if not spec.again and self._said_to_have_run(self.has_run()):
            return
        running = self._instances.running(spec.stack)
        if found := decide.other(running, spec):
            raise RolloutError(decide.refusal(found, spec))
        notes = self._notes.newest(spec.stack, _KEPT)
        # It may have ended since, with its instance.
        ended = next((each for each in decide.of_release(notes, spec) if each.what == SUCCEEDED), None)
        if not spec.again and self._said_to_have_run(ended):
            return
        left = decide.unfinished(notes, spec)
        going = running[0].instance if running else self._going(left)
        if going:
            self._say(f"the release phase is under way already on {going}, which is followed")
            self._await(going, Event(), own=False)
            self._instances.end(going)
        elif not (left and self._seen_to_end(left.facts["instance"])):
            self._launch(place, decide.attempt(notes, spec) + bool(left))

    def _said_to_have_run(self, before: Note | None) -> bool:
        if before:
            self._say(
                f"the release phase of {self._spec.sha[:12]} has run ({before.when:%Y-%m-%d %H:%M} UTC by {before.by}) "
                "and does not run again; `SLIPWAY_RELEASE_AGAIN=1 pulumi up` runs it"
            )
        return before is not None

    def _going(self, left: Note | None) -> str | None:
        """Return the instance with which a run began that goes on, as far as EC2 knows it yet."""
        if left is None:
            return None
        goes_on = self._instances.goes_on(left.facts["instance"])
        fresh = (datetime.now(timezone.utc) - left.when).total_seconds() < _UNKNOWN
        return left.facts["instance"] if goes_on or (goes_on is None and fresh) else None

    def _seen_to_end(self, instance: str) -> bool:
        """Note what an instance said whose deployer was gone; return whether the command had succeeded."""
        output = self._output(self._spec, instance)
        ended = output.ended()
        why = decide.verdict(ended, self._spec, instance)
        self._note(FAILED if why else SUCCEEDED, instance, why)
        if not why:
            self._say(f"the release phase ended well on {instance}, though nobody saw it end, and does not run again")
        return not why

    def _launch(self, place: Place, attempt: int) -> None:
        spec = self._spec
        self._say(f"release phase: `{spec.command}` runs on an instance of fleet {spec.fleet}, before any is replaced")

        def token(subnet: str, kind: str) -> str:
            return decide.token(spec, attempt, subnet, kind)

        instance = self._instances.launch(spec, place, token)
        if instance is None:
            others = self._instances.running(spec.stack)
            if not others:
                raise RolloutError(
                    f"stack {spec.stack}: somebody else launched the release phase of {spec.sha} in these seconds, and "
                    "it is over; nothing was replaced. Run `pulumi up` again, which knows what came of it"
                )
            self._await(others[0].instance, Event(), own=False)
            self._instances.end(others[0].instance)
            return
        with self._guard(instance) as guard:
            try:
                self._note(BEGAN, instance)
                beside = [each for each in self._instances.running(spec.stack) if each.instance != instance]
                if found := decide.other(beside, spec):
                    raise RolloutError(decide.refusal(found, spec))
                self._await(instance, guard.interrupted, own=True)
            finally:
                self._instances.end(instance)

    def _await(self, instance: str, interrupted: Event, *, own: bool) -> None:
        """Show what it says until it ends; note how. Raises RolloutError unless the command succeeded."""
        output = self._output(self._spec, instance)
        began = time.monotonic()
        try:
            ended = self._watch(output, instance, interrupted, began)
        except ReleaseError as error:
            if own:
                self._note(STOPPED, instance, str(error))
            raise
        why = decide.verdict(ended, self._spec, instance)
        self._note(FAILED if why else SUCCEEDED, instance, why)
        if why:
            raise RolloutError(decide.failure(why, self._spec, instance, list(output.last)))
        took = f"{time.monotonic() - began:.0f} s"
        self._say(f"release phase of {self._spec.sha[:12]}: done in {took}")

    def _watch(self, output: Output, instance: str, interrupted: Event, began: float) -> Ended | None:
        """Return how it ended; None if the instance is gone and never said so."""
        spec, gone, last_answer = self._spec, None, time.monotonic()
        while True:
            now = time.monotonic()
            if interrupted.is_set():
                raise RolloutError(f"stopped by Ctrl-C in the release phase: {instance} is ended, nothing was replaced")
            if now - began > spec.deadline:
                why = f"{instance} was still there {spec.deadline} s after its launch, and was ended"
                raise RolloutError(decide.failure(why, spec, instance, list(output.last)))
            try:
                self._show(output.more())
                ended = output.ended()
                gone = gone or (now if self._instances.goes_on(instance) is False else None)
                last_answer = now
            except FAILURES as error:
                if now - last_answer > _TROUBLE:
                    raise RolloutError(
                        f"could not follow the release phase on {instance}: {described(error)}"
                    ) from error
                ended = None
            if ended and (output.count >= ended.lines or (gone and now - gone > _LAST_WORD)):
                return ended
            if gone and now - gone > _LAST_WORD:
                return ended
            self._report(now - began, instance, output.count)
            interrupted.wait(_POLL)

    def _report(self, seconds: float, instance: str, lines: int) -> None:
        """Tell how far it is, every ten seconds."""
        if int(seconds) // _REPORT != self._reported:
            self._reported = int(seconds) // _REPORT
            self._tell(f"release phase: {seconds:.0f} s on {instance}, {lines} lines of output")

    def _show(self, lines: list[str]) -> None:
        for line in lines:
            self._shown += 1
            if self._shown <= _SHOWN:
                self._say(f"release | {line}")
            elif self._shown == _SHOWN + 1:
                self._say(f"release | more than {_SHOWN} lines; all of them are in {self._spec.log_group}")

    def _note(self, what: str, instance: str, reason: str | None = None) -> None:
        made = note(self._spec.stack, what, reason=reason, instance=instance, **self._spec.facts)
        if what == SUCCEEDED:
            self._done.add(made)
        self._notes.add(made)
