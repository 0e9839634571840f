"""Writes what a rollout does into the ledger: that it began, how it failed, and that the release serves."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from release.errors import StoreError
from release.rollout import past_rollouts
from release.rollout.estimate import Took, took
from release.rollout.past_rollouts import DEPLOY, ROLLBACK
from release.store.actor import actor
from release.store.ledger import Event, Ledger, now

_TIMED = 30
"""Events among which the last rollouts are looked for, of which each has two."""
_RECENT = 20
"""Events of a fleet that are looked at; older ones say nothing about its last rollouts."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One fleet's side of the ledger, for one release. `action` is DEPLOY or ROLLBACK."""

    ledger: Ledger
    stack: str
    fleet: str
    sha: str
    digest: str
    image: str
    action: str = DEPLOY
    follows: str | None = None
    """The stack that this one follows."""
    followed: bool | None = None
    """Whether the release is that stack's last good one, and not somebody's choice."""
    heard: Callable[[Event], None] | None = None
    """Gets each event of this rollout, once it is written."""

    def write(
        self,
        outcome: str,
        *,
        template_version: str,
        refresh_id: str | None = None,
        reason: str | None = None,
        seconds: float | None = None,
        requests_failed: int | None = None,
    ) -> None:
        """Add an event about the release. Raise StoreError if it can't be written.

        A proof (`succeeded`), or that there is none (`unproved`), is written once and not every time it is found.
        """
        if self._is_known(outcome, template_version):
            return
        event = Event(
            at=now(),
            by=actor(os.environ),
            stack=self.stack,
            fleet=self.fleet,
            action=self.action,
            sha=self.sha,
            digest=self.digest,
            outcome=outcome,
            image=self.image,
            template_version=template_version,
            refresh_id=refresh_id,
            reason=reason,
            seconds=None if seconds is None else max(0.0, round(seconds, 1)),
            requests_failed=requests_failed,
            follows=self.follows,
            followed=self.followed,
        )
        self.ledger.record(event)
        if self.heard:
            self.heard(event)

    def _is_known(self, outcome: str, template_version: str) -> bool:
        if outcome == "succeeded":
            return self.served_before()
        newest = self._newest() if outcome == "unproved" else None
        known = newest and (newest.sha, newest.template_version) == (self.sha, template_version)
        return bool(newest and known and newest.outcome in ("unproved", "succeeded"))

    def served_before(self) -> bool:
        """Return whether the last thing that happened to the fleet is that this release served."""
        newest = self._newest()
        return bool(newest and newest.outcome == "succeeded" and newest.sha == self.sha)

    def begun(self) -> Event | None:
        """Return the event with which this rollout began; None if the newest event is something else."""
        newest = self._newest()
        return newest if newest and newest.outcome == "started" and newest.sha == self.sha else None

    def of_refresh(self, refresh_id: str) -> Event | None:
        """Return the event that says who started a refresh; None if the ledger doesn't know."""
        return next(past_rollouts.starts(self._events(), {refresh_id}), None)

    def rolled_back(self) -> Event | None:
        """Return the event that says that this release was rolled back by hand, unless it was deployed again since."""
        return past_rollouts.rolled_back(self._events(), self.sha)

    def left(self, sha: str) -> None:
        """Record that the fleet was taken from release `sha` to this one by hand."""
        newest = next((event for event in self._events() if event.sha == sha), None)
        if newest and newest.outcome != "rolled-back":
            self._end(newest, "rolled-back", f"back to {self.sha}")

    def undone(self, refresh_id: str) -> None:
        """Record that a rollout in progress was rolled back by hand, or to make room for another one."""
        event = self.of_refresh(refresh_id)
        if event and self.action == ROLLBACK:
            self._end(event, "rolled-back", f"rolled back during its rollout, to {self.sha}")
        elif event:
            self._end(event, "cancelled", f"superseded by {self.sha}")

    def unfinished(self) -> Event | None:
        """Return a start whose end is not in the ledger because the command that followed it was killed, or None."""
        newest = self._newest()
        return newest if newest and newest.outcome == "started" and newest.refresh_id else None

    def ended_unseen(self, event: Event, *, outcome: str, reason: str) -> None:
        """Record how such a start ended, as AWS tells it."""
        self._end(event, outcome, f"{reason}; no command was following it when it ended")

    def took(self, kind: str | None = None) -> Took | None:
        """Return how long the fleet's last rollouts of a kind took (estimate.py; by default `action`).

        None if none did, or if the ledger can't be read: a rollout does not fail for an estimate.
        """
        try:
            return took(self._events(_TIMED), kind or self.action)
        except StoreError:
            return None

    def _events(self, limit: int = _RECENT) -> list[Event]:
        return self.ledger.history(self.stack, self.fleet, limit)

    def _newest(self) -> Event | None:
        for limit in (1, _RECENT):  # nearly always the first one answers, and each is a request
            events = self._events(limit)
            found = past_rollouts.newest(events)
            if found or len(events) < limit:
                return found
        return None

    def _end(self, event: Event, outcome: str, reason: str) -> None:
        # That a release was taken because another stack had it is no choice; to roll it back is one.
        followed = None if outcome == "rolled-back" else event.followed
        ended = replace(event, at=now(), by=actor(os.environ), outcome=outcome, reason=reason, followed=followed)
        self.ledger.record(replace(ended, seconds=None, requests_failed=None))
