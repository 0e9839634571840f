"""What to do next about an instance refresh. Pure: no AWS, no clock, no Pulumi."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from release.rollout.observed import ACTIVE, ROLLING_FORWARD, BootEvent, Refresh

# AWS retries a failing launch for an hour; three instances that could not boot the release say the same at once.
FAILED_BOOTS = 3


class Step(Enum):
    """What to do about a refresh."""

    WAIT = "wait"
    ROLL_BACK = "roll back"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A step and, where it is not plain from the step, why."""

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
    """The next step for a refresh that was asked for, or adopted, `elapsed` seconds ago.

    `failures` are the boots of the release that failed since it began. After `timeout` seconds the step is `late`:
    back, or FAILED, which only ends the waiting; after twice that, waiting for a rollback ends too (AWS goes on with
    it).
    """
    why = _first_reason(failures)
    if refresh.status == "Successful":
        return Decision(step=Step.SUCCEEDED)
    if refresh.status in ROLLING_FORWARD:
        return _while_rolling(refresh, failures, why, late=late if elapsed > timeout else None)
    if refresh.status not in ACTIVE:
        ending = _ENDINGS.get(refresh.status, refresh.status)
        return Decision(step=Step.FAILED, reason=_join(ending, refresh.rollback_reason or refresh.reason, why))
    if elapsed > 2 * timeout:  # Cancelling, RollbackInProgress
        reason = f"still {refresh.status} after {elapsed:.0f} s; AWS goes on with it"
        return Decision(step=Step.FAILED, reason=_join(reason, refresh.reason))
    return Decision(step=Step.WAIT)


def _while_rolling(refresh: Refresh, failures: Sequence[BootEvent], why: str, *, late: Step | None) -> Decision:
    if unbootable(failures):
        return Decision(step=Step.ROLL_BACK, reason=f"{FAILED_BOOTS} instances could not boot it: {why}")
    if late:
        what = "not finished in time" if late is Step.ROLL_BACK else "not finished in time; it goes on in AWS"
        return Decision(step=late, reason=_join(what, refresh.reason, why))
    return Decision(step=Step.WAIT)


_ENDINGS = {
    "RollbackSuccessful": "rolled back",
    "RollbackFailed": "the rollback failed too: instances of both releases may be in service",
    "Failed": "failed, and was not rolled back: instances of both releases may be in service",
    "Cancelled": "cancelled: instances of both releases may be in service",
}


def unbootable(failures: Iterable[BootEvent]) -> bool:
    """Whether so many instances failed to boot a release that it is the release: one bad machine is not enough."""
    return len({event.instance for event in failures}) >= FAILED_BOOTS


def in_status(refreshes: Iterable[Refresh], statuses: frozenset[str]) -> Refresh | None:
    """The newest refresh (they come newest first) in one of those statuses; None where none is."""
    return next((found for found in refreshes if found.status in statuses), None)


def unbooted(events: Iterable[BootEvent], sha: str, since: float) -> list[BootEvent]:
    """The failed boots of `sha` since a moment, oldest first."""
    return sorted(
        (event for event in events if event.event == "failed" and event.sha == sha and event.at >= since),
        key=lambda event: event.at,
    )


def _first_reason(failures: Sequence[BootEvent]) -> str:
    return f"{failures[0].instance}: {failures[0].reason}" if failures else ""


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
