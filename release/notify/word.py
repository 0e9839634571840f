"""Word of one deploy of all fleets together: that it started, once, and how it ended, once.

Fleets roll out side by side, each with its own events in the ledger; what people are told of its end is made of these.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from release.clients import FAILURES
from release.errors import ReleaseError
from release.notify import fact as facts
from release.notify.fact import Fact
from release.notify.send import Sending, start
from release.notify.targets import Target, Told
from release.store.actor import actor
from release.store.event import Event

GATHER = 2.0
"""Seconds after the first fleet came in which others are awaited, so that one message names all."""
RECENT = 10
"""Events of a fleet among which the release that served before is looked for."""


def ending(fact: Fact, ends: Mapping[str, Event], failed: Mapping[str, str]) -> Fact | None:
    """Return how a deploy ended; None if nothing was rolled out and nothing newly proved. Pure.

    `fact` has what is known from the start. `ends` has each fleet's newest event that is an end, `failed` the errors of
    the fleets that did not get there.
    """
    good = [event for event in ends.values() if event.outcome != "failed"]
    bad = {name: event.reason or "" for name, event in ends.items() if event.outcome == "failed"}
    reasons = {name: bad.get(name) or _short(name, failed.get(name, "")) for name in sorted({*bad, *failed})}
    fleets = tuple(sorted({*fact.fleets, *ends}))
    seconds = max((event.seconds or 0 for event in ends.values()), default=0) or None
    told = replace(fact, fleets=fleets, seconds=seconds)
    if reasons and fleets:
        said = "; ".join(f"{name}: {why}" if why else name for name, why in reasons.items())
        return replace(told, what=facts.FAILED, reason=said)
    if not (fact.fleets or any(event.outcome == "succeeded" for event in good)):
        return None
    counted = [event.requests_failed for event in good if event.requests_failed is not None]
    said = "; ".join(f"{event.fleet}: {event.reason}" for event in good if event.reason)
    what = facts.ROLLED_BACK if fact.action == facts.ROLLBACK else facts.SUCCEEDED
    return replace(told, what=what, reason=said or None, requests_failed=sum(counted) if counted else None)


def _short(fleet: str, error: str) -> str:
    """Return an error's first line without the fleet, which stands before it."""
    return error.split("\n", 1)[0].removeprefix(f"fleet {fleet}").lstrip(": ")


@dataclass(kw_only=True)
class Word:
    """Hears of all fleets, from any thread, and tells of them. Where nobody is to be told it does nothing.

    Nothing that goes wrong here is raised: `end` returns it.
    """

    told: Told
    stack: str
    region: str
    sha: str
    fleets: Collection[str]
    """All fleets that take part."""
    action: str = facts.DEPLOY
    before: str | None = None
    """The release that served before; None to find it in the `history`."""
    history: Callable[[str, int], Sequence[Event]] = lambda _fleet, _limit: ()
    """The newest events of a fleet, newest first: which release served before. It may raise what AWS's calls raise."""
    clock: Callable[[], float] = time.monotonic
    send: Callable[[Sequence[Target], Fact], Sending] = start
    _came: set[str] = field(default_factory=set[str], init=False)
    _ends: dict[str, Event] = field(default_factory=dict[str, Event], init=False)
    _failed: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)
    _timer: threading.Timer | None = field(default=None, init=False)
    _began: float | None = field(default=None, init=False)
    _start: Sending | None = field(default=None, init=False)
    _is_over: bool = field(default=False, init=False)

    @property
    def listens(self) -> bool:
        """Whether anybody is to be told, and the end is not told yet."""
        return bool(self.told.targets) and not self._is_over

    def comes(self, fleet: str) -> None:
        """Take that a fleet is about to be made or rolled out: soon after the first one, the start is told."""
        with self._lock:
            if not self.listens:
                return
            self._came.add(fleet)
            if self._timer is None:
                self._began = self.clock()
                self._timer = threading.Timer(GATHER, self._tell_start)
                self._timer.daemon = True
                self._timer.start()

    def heard(self, event: Event) -> None:
        """Take a fleet's event, after it was written to the ledger."""
        with self._lock:
            if event.outcome in ("succeeded", "failed", "unproved") and self.listens:
                self._ends[event.fleet] = event

    def fails(self, fleet: str, error: str) -> None:
        """Take the error with which a fleet's step ended."""
        with self._lock:
            self._failed[fleet] = error

    @contextmanager
    def failing(self, fleet: str) -> Generator[None]:
        """Take the error with which the block ends, if it does."""
        try:
            yield
        except ReleaseError as error:
            self.fails(fleet, str(error))
            raise

    def end(self) -> list[str]:
        """Tell how it ended, once; return a warning for each that was not told. Blocks for at most twice send.TOTAL."""
        with self._lock:
            if not self.listens:
                return []
            self._is_over = True
            if self._timer:
                self._timer.cancel()
            ends, failed = dict(self._ends), dict(self._failed)
            if not (self._came or ends):
                return []  # nothing was begun: an error that refused it is told on the spot
        told = ending(self._known(), ends, failed)
        warnings = self._start.warnings() if self._start else []  # so that the end comes after the start
        if told:
            elapsed = None if self._began is None else self.clock() - self._began
            seconds = max((each for each in (told.seconds, elapsed) if each is not None), default=None)
            warnings += self.send(self.told.targets, replace(told, seconds=seconds)).warnings()
        return list(dict.fromkeys(warnings))

    def _tell_start(self) -> None:
        known = self._known()
        with self._lock:
            if self.listens:
                self._start = self.send(self.told.targets, known)

    def _known(self) -> Fact:
        """Return what is known from the start: that it started."""
        self.before = self.before or self._served_before(min(self._came or self.fleets))
        return Fact(
            what=facts.STARTED,
            action=self.action,
            stack=self.stack,
            by=actor(os.environ),
            region=self.region,
            sha=self.sha,
            before=self.before,
            fleets=tuple(sorted(self._came)),
            link=facts.link(self.told.link, self.sha),
        )

    def _served_before(self, fleet: str) -> str | None:
        try:
            good = [event.sha for event in self.history(fleet, RECENT) if event.outcome == "succeeded"]
        except (ReleaseError, *FAILURES):  # a message without it is better than none
            return None
        own = 1 if fleet in self._ends and self._ends[fleet].outcome == "succeeded" else 0
        return next(iter(good[own:]), None)
