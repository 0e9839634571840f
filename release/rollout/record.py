"""What a rollout writes into the ledger: that it began, how it failed, and that it serves."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from release.store.actor import actor
from release.store.ledger import Event, Ledger, now

DEPLOY, ROLLBACK = "deploy", "rollback"
_RECENT = 20
"""Events; what happened to a release before these is not what happened to it last."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One fleet's side of the ledger, for one release. `action` is "deploy" or "rollback"."""

    ledger: Ledger
    stack: str
    fleet: str
    sha: str
    digest: str
    image: str
    action: str = DEPLOY

    def started(self, *, template_version: str, refresh_id: str, reason: str | None = None) -> None:
        """A refresh was started; `reason` is what is special about it. StoreError where it can't be written."""
        self._record("started", template_version=template_version, refresh_id=refresh_id, reason=reason)

    def of_refresh(self, refresh_id: str) -> Event | None:
        """The event that says who started a refresh; None where the ledger doesn't know it."""
        events = self.ledger.history(self.stack, self.fleet)
        return next((event for event in events if event.refresh_id == refresh_id and event.outcome == "started"), None)

    def failed(
        self,
        *,
        reason: str,
        template_version: str,
        refresh_id: str | None = None,
        seconds: float | None = None,
    ) -> None:
        """The release was asked for and does not serve."""
        self._record("failed", reason=reason, template_version=template_version, refresh_id=refresh_id, seconds=seconds)

    def unproved(
        self,
        *,
        reason: str,
        template_version: str,
        refresh_id: str | None = None,
        seconds: float | None = None,
    ) -> None:
        """No instance could prove the release, through no fault of its own. Written once; a later proof outdoes it."""
        newest = self._newest()
        known = newest and (newest.sha, newest.template_version) == (self.sha, template_version)
        if not (newest and known and newest.outcome in ("unproved", "succeeded")):
            self._record(
                "unproved", reason=reason, template_version=template_version, refresh_id=refresh_id, seconds=seconds
            )

    def begun(self) -> Event | None:
        """The event with which this rollout began; None where the newest one is something else."""
        newest = self._newest()
        return newest if newest and newest.outcome == "started" and newest.sha == self.sha else None

    def serves(
        self,
        *,
        template_version: str,
        seconds: float | None = None,
        requests_failed: int | None = None,
        reason: str | None = None,
    ) -> None:
        """The fleet has proved that it serves the release. Written once, not each time it is proved.

        `reason` is what is special about it, as instances that are missing.
        """
        if not self.served_before():
            self._record(
                "succeeded",
                template_version=template_version,
                seconds=seconds,
                requests_failed=requests_failed,
                reason=reason,
            )

    def served_before(self) -> bool:
        """Whether the last thing that happened to the fleet is that this release served."""
        newest = self._newest()
        return bool(newest and newest.outcome == "succeeded" and newest.sha == self.sha)

    def rolled_back(self) -> Event | None:
        """The event that says that this release was rolled back by hand, where nothing has happened to it since."""
        for event in self.ledger.history(self.stack, self.fleet, _RECENT):
            if event.sha == self.sha and event.outcome == "rolled-back":
                return event
            if event.sha == self.sha and event.outcome in ("started", "succeeded"):
                return None
        return None

    def left(self, sha: str) -> None:
        """The fleet was taken from that release to this one, by hand."""
        events = self.ledger.history(self.stack, self.fleet, _RECENT)
        newest = next((event for event in events if event.sha == sha), None)
        if newest and newest.outcome != "rolled-back":
            self._end(newest, "rolled-back", f"back to {self.sha}")

    def undone(self, refresh_id: str) -> None:
        """A rollout under way was taken back by hand, or to make room for another one."""
        event = self.of_refresh(refresh_id)
        if event and self.action == ROLLBACK:
            self._end(event, "rolled-back", f"taken back in mid-refresh, to {self.sha}")
        elif event:
            self._end(event, "cancelled", f"superseded by {self.sha}")

    def unwatched(self) -> Event | None:
        """A start of whose end the ledger says nothing: whoever followed it was killed."""
        newest = self._newest()
        return newest if newest and newest.outcome == "started" and newest.refresh_id else None

    def ended_unwatched(self, event: Event, *, outcome: str, reason: str) -> None:
        """Such a start ended like this, as AWS has it."""
        self._end(event, outcome, f"{reason}; nobody followed it to its end")

    def _newest(self) -> Event | None:
        """The newest event that says what the fleet has, or is getting."""
        for limit in (1, _RECENT):  # nearly always the first one says it, and each is a request
            events = self.ledger.history(self.stack, self.fleet, limit)
            found = next((event for event in events if not event.is_aside), None)
            if found or len(events) < limit:
                return found
        return None

    def _end(self, event: Event, outcome: str, reason: str) -> None:
        ended = replace(event, at=now(), by=actor(os.environ), outcome=outcome, reason=reason)
        self.ledger.record(replace(ended, seconds=None, requests_failed=None))

    def _record(
        self,
        outcome: str,
        *,
        template_version: str | None = None,
        refresh_id: str | None = None,
        reason: str | None = None,
        seconds: float | None = None,
        requests_failed: int | None = None,
    ) -> None:
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
        )
        self.ledger.record(
            replace(
                event,
                template_version=template_version,
                refresh_id=refresh_id,
                reason=reason,
                seconds=None if seconds is None else max(0.0, round(seconds, 1)),
                requests_failed=requests_failed,
            )
        )
