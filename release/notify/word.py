"""Word of one deploy of all fleets together: that it started, once, and how it ended, once.

Fleets roll out side by side, each with its own events in the ledger; what people are told is made of these events.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from release.notify import fact as facts
from release.notify.fact import Fact
from release.notify.send import Sending, start
from release.notify.targets import Told
from release.store.event import Event

GATHER = 3.0
"""Seconds after the first fleet's start in which those of others are awaited, so that one message names all."""


@dataclass(frozen=True)
class Heard:
    """What a fleet's events say."""

    begun: Mapping[str, Event]
    """By fleet, the event with which its rollout began."""
    ends: Mapping[str, Event]
    """By fleet, its newest event that is an end."""
    before: Mapping[str, str | None]
    """By fleet, the release that served before."""

    @property
    def events(self) -> list[Event]:
        return [*self.begun.values(), *self.ends.values()]


def started(heard: Heard, *, action: str, region: str, link: str | None) -> Fact:
    """Return the fact that a deploy has started. Pure."""
    return _fact(facts.STARTED, heard, action=action, region=region, link=link)


def ended(heard: Heard, failed: Mapping[str, str], *, action: str, region: str, link: str | None) -> Fact | None:
    """Return how it ended; None if there is nothing to tell: nothing was rolled out. Pure.

    `failed` has the reasons of fleets that did not get there.
    """
    good = [event for event in heard.ends.values() if event.outcome == "succeeded"]
    bad = {name: event.reason or "" for name, event in heard.ends.items() if event.outcome == "failed"}
    reasons = {name: bad.get(name) or why for name, why in failed.items()} | {n: w for n, w in bad.items() if w}
    if not heard.events or not (reasons or failed or good):
        return None
    if reasons or failed:
        said = "; ".join(f"{name}: {why}" if why else name for name, why in sorted(reasons.items()))
        return _fact(facts.FAILED, heard, action=action, region=region, link=link, reason=said)
    what = facts.ROLLED_BACK if action == facts.ROLLBACK else facts.SUCCEEDED
    counted = [event.requests_failed for event in good if event.requests_failed is not None]
    said = "; ".join(f"{event.fleet}: {event.reason}" for event in good if event.reason)
    failures = sum(counted) if counted else None
    return _fact(what, heard, action=action, region=region, link=link, reason=said or None, requests_failed=failures)


def _fact(
    what: str,
    heard: Heard,
    *,
    action: str,
    region: str,
    link: str | None,
    reason: str | None = None,
    requests_failed: int | None = None,
) -> Fact:
    events = heard.events
    newest = events[-1]
    times = [event.seconds for event in heard.ends.values() if event.seconds is not None]
    before = set(heard.before.values())
    return Fact(
        what=what,
        action=action,
        stack=newest.stack,
        by=newest.by,
        region=region,
        sha=newest.sha,
        before=before.pop() if len(before) == 1 else None,
        fleets=tuple(sorted({event.fleet for event in events})),
        seconds=max(times) if times and what != facts.STARTED else None,
        requests_failed=requests_failed,
        reason=reason,
        link=facts.link(link, newest.sha),
    )


class Listener(Protocol):
    """Hears the events of one fleet; `before` is the release that served until then."""

    def __call__(self, event: Event, before: str | None) -> None: ...


@dataclass(kw_only=True)
class Word:
    """Hears the events of all fleets, from any thread, and tells of them."""

    told: Told
    region: str
    fleets: Collection[str]
    """All fleets that take part: once each is `settled`, the deploy has ended."""
    warn: Callable[[str], None]
    action: str = facts.DEPLOY
    _begun: dict[str, Event] = field(default_factory=dict[str, Event], init=False)
    _ends: dict[str, Event] = field(default_factory=dict[str, Event], init=False)
    _before: dict[str, str | None] = field(default_factory=dict[str, "str | None"], init=False)
    _failed: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _settled: set[str] = field(default_factory=set[str], init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)
    _timer: threading.Timer | None = field(default=None, init=False)
    _on_its_way: Sending | None = field(default=None, init=False)
    _is_over: bool = field(default=False, init=False)

    @property
    def listens(self) -> bool:
        """Whether anybody is to be told."""
        return bool(self.told.targets)

    def heard(self, event: Event, before: str | None) -> None:
        """Take a fleet's event, after it was written."""
        with self._lock:
            if not self.listens or self._is_over:
                return
            if event.outcome == "rolled-back":  # only says which release is left
                self._before[event.fleet] = event.sha
            elif event.outcome == "started":
                self._begun[event.fleet] = event
                self._before.setdefault(event.fleet, before)
                self._soon()
            else:
                self._ends[event.fleet] = event

    def settled(self, fleet: str, failure: str | None = None) -> bool:
        """Take that a fleet has come to its end, and how it failed if it did. Return whether the deploy is over.

        It is, once all fleets have come to theirs.
        """
        with self._lock:
            self._settled.add(fleet)
            if failure:
                self._failed[fleet] = failure.split("\n", 1)[0]
            return self._settled >= set(self.fleets)

    def end(self) -> None:
        """Tell how it ended, once, and warn of whoever was not told. Blocks for at most twice send.TOTAL."""
        with self._lock:
            if not self.listens or self._is_over:
                return
            self._is_over = True
            if self._timer:
                self._timer.cancel()
            told = ended(self._heard(), self._failed, action=self.action, region=self.region, link=self.told.link)
        warnings = self._on_its_way.warnings() if self._on_its_way else []  # so that the end comes after the start
        warnings += start(self.told.targets, told).warnings() if told else []
        for warning in dict.fromkeys(warnings):
            self.warn(warning)

    def _heard(self) -> Heard:
        return Heard(dict(self._begun), dict(self._ends), dict(self._before))

    def _soon(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(GATHER, self._start)
            self._timer.daemon = True
            self._timer.start()

    def _start(self) -> None:
        with self._lock:
            if self._is_over:
                return
            told = started(self._heard(), action=self.action, region=self.region, link=self.told.link)
            self._on_its_way = start(self.told.targets, told)
