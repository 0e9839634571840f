"""What to do next about an instance refresh. Pure: no AWS, no clock, no Pulumi."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from release.rollout.observed import ACTIVE, ROLLING_FORWARD, BootEvent, Refresh

FAILED_BOOTS = 3
"""Instances that fail to boot a release before it is given up. AWS would retry for an hour."""
_ENDINGS = {
    "RollbackSuccessful": "rolled back",
    "RollbackFailed": "the rollback failed too: instances of both releases may be in service",
    "Failed": "failed, and was not rolled back: instances of both releases may be in service",
    "Cancelled": "cancelled: instances of both releases may be in service",
}


class Step(Enum):
    """What to do about a refresh."""

    WAIT = "wait"
    ROLL_BACK = "roll back"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A step, and the reason for a rollback or a failure."""

    step: Step
    reason: str = ""


def decide(
    refresh: Refresh,
    failures: Sequence[BootEvent],
    *,
    elapsed: float,
    timeout: float,
    late: Step = Step.ROLL_BACK,
) -> Decision:
    """Return the next step for a refresh that was started, or adopted, `elapsed` seconds ago.

    `failures` are the release's failed boots since it began. After `timeout` seconds the step is `late`: ROLL_BACK, or
    FAILED, which only stops waiting. After twice that time, waiting for a rollback stops too; AWS continues with it.
    """
    why = f"{failures[0].instance}: {failures[0].reason}" if failures else ""
    if refresh.status == "Successful":
        return Decision(step=Step.SUCCEEDED)
    if refresh.status in ROLLING_FORWARD:
        return _while_rolling(refresh, failures, why, late=late if elapsed > timeout else None)
    if refresh.status not in ACTIVE:
        ending = _ENDINGS.get(refresh.status, refresh.status)
        return Decision(step=Step.FAILED, reason=_join(ending, refresh.rollback_reason or refresh.reason, why))
    if elapsed > 2 * timeout:  # Cancelling, RollbackInProgress
        reason = f"still {refresh.status} after {elapsed:.0f} s; AWS continues with it"
        return Decision(step=Step.FAILED, reason=_join(reason, refresh.reason))
    return Decision(step=Step.WAIT)


def _while_rolling(refresh: Refresh, failures: Sequence[BootEvent], why: str, *, late: Step | None) -> Decision:
    if unbootable(failures):
        return Decision(step=Step.ROLL_BACK, reason=f"{FAILED_BOOTS} instances could not boot it: {why}")
    if late:
        what = "not finished in time" if late is Step.ROLL_BACK else "not finished in time; it continues in AWS"
        return Decision(step=late, reason=_join(what, refresh.reason, why))
    return Decision(step=Step.WAIT)


def unbootable(failures: Iterable[BootEvent]) -> bool:
    """Return whether enough different instances failed to boot to blame the release, not a single bad machine."""
    return len({event.instance for event in failures}) >= FAILED_BOOTS


def in_status(refreshes: Iterable[Refresh], statuses: frozenset[str]) -> Refresh | None:
    """Return the first refresh in one of the statuses: the newest, in AWS's order. None if there is none."""
    return next((found for found in refreshes if found.status in statuses), None)


def unbooted(events: Iterable[BootEvent], sha: str, since: float) -> list[BootEvent]:
    """Return the failed boots of `sha` since a time (seconds since the epoch), oldest first."""
    return sorted(
        (event for event in events if event.event == "failed" and event.sha == sha and event.at >= since),
        key=lambda event: event.at,
    )


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
