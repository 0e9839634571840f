"""One command on one instance: from when it is sent until it has ended. Pure: the time is given.

Source: Systems Manager user guide, "Understanding command statuses".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.aws.ssm.documents import Script

STDOUT_LIMIT, STDERR_LIMIT = 24_000, 8_000
"""Characters of output that GetCommandInvocation shows."""
APPEARS = 0.3
"""Seconds until an invocation can be asked for: the API is eventually consistent."""
_IN_WORDS = {
    "InProgress": "InProgress",
    "Cancelling": "Cancelling",
    "Cancelled": "Cancelled",
    "Success": "Success",
    "Failed": "Failed",
    "Pending": "Pending",
    "DeliveryTimedOut": "TimedOut",
    "ExecutionTimedOut": "TimedOut",
}
"""StatusDetails, and the Status that goes with each."""
_OVER = {"Success", "Failed", "Cancelled", "DeliveryTimedOut", "ExecutionTimedOut"}


@dataclass(kw_only=True)
class Invocation:
    """A command on an instance. Times are monotonic seconds; `stamp`s are seconds since the epoch."""

    command: str
    instance: str
    document: str
    comment: str
    script: Script
    delivery: int
    """Seconds within which the agent has to take it."""
    sent: float
    details: str = "Pending"
    code: int = -1
    stdout: str = ""
    stderr: str = ""
    started: float | None = None
    started_stamp: float | None = None
    ended_stamp: float | None = None
    parameters: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def status(self) -> str:
        return _IN_WORDS[self.details]

    @property
    def over(self) -> bool:
        return self.details in _OVER

    def begin(self, now: float, stamp: float) -> None:
        """The agent has taken it."""
        if self.details == "Pending":
            self.details, self.started, self.started_stamp = "InProgress", now, stamp

    def end(self, details: str, code: int, stdout: str, stderr: str, stamp: float) -> None:
        """The agent says how it ended; what came first holds."""
        if not self.over:
            self.details, self.code, self.ended_stamp = details, code, stamp
            self.stdout, self.stderr = stdout[:STDOUT_LIMIT], stderr[:STDERR_LIMIT]

    def cancel(self, stamp: float) -> None:
        """End it if no agent has it yet; else the agent has to."""
        if self.details == "Pending":
            self.details, self.ended_stamp = "Cancelled", stamp
        elif self.details == "InProgress":
            self.details = "Cancelling"

    def pass_time(self, now: float, stamp: float) -> None:
        """Give up what no agent took, or whose agent has not been heard of for as long as it may run."""
        if self.details == "Pending" and now - self.sent > self.delivery:
            self.details, self.ended_stamp = "DeliveryTimedOut", stamp
        elif self.started is not None and not self.over and now - self.started > self.script.seconds + self.delivery:
            self.details, self.ended_stamp = "ExecutionTimedOut", stamp

    def seen(self, now: float) -> bool:
        """Return whether it can be asked for yet."""
        return now - self.sent >= APPEARS
