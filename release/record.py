"""What a rollout writes into the ledger: that it began, how it failed, and that it serves."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from release.actor import actor
from release.ledger import Event, Ledger, now

DEPLOY, ROLLBACK = "deploy", "rollback"


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

    def failed(self, *, reason: str, refresh_id: str | None = None, seconds: float | None = None) -> None:
        """The release was asked for and does not serve."""
        self._record("failed", reason=reason, refresh_id=refresh_id, seconds=seconds)

    def begun(self) -> Event | None:
        """The event with which this rollout began; None where the newest one is something else."""
        newest = self.ledger.history(self.stack, self.fleet, 1)
        return newest[0] if newest and newest[0].outcome == "started" and newest[0].sha == self.sha else None

    def serves(
        self, *, template_version: str, seconds: float | None = None, requests_failed: int | None = None
    ) -> None:
        """The fleet has proved that it serves the release. Written once, not each time it is proved."""
        newest = self.ledger.history(self.stack, self.fleet, 1)
        if not (newest and newest[0].outcome == "succeeded" and newest[0].sha == self.sha):
            self._record(
                "succeeded", template_version=template_version, seconds=seconds, requests_failed=requests_failed
            )

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
                seconds=None if seconds is None else round(seconds, 1),
                requests_failed=requests_failed,
            )
        )
