"""Runs a command on an instance by Systems Manager, and follows it to its end.

What it says comes through the log group, while it runs: Systems Manager itself tells nothing before the end, and then
only the first 24,000 characters (GetCommandInvocation). Source: Systems Manager user guide, "Run Command" and
"Understanding command statuses".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from release import names
from release.clients import FAILURES, client, code, described
from release.console.document import MARGIN, parameters
from release.console.request import Request
from release.console.seats import Seat, Seats
from release.console.transcript import Ending, Said, Transcript, ending
from release.errors import ConsoleError
from release.text import one_line

DELIVERY = 60
"""Seconds that the agent has to take the command."""
_POLL = 1.0
_TAIL = 20.0
"""Seconds after the end that lines of the log may take."""
_REGISTERS = 45.0
"""Seconds that a young instance's agent has to register."""
_ONGOING = ("Pending", "InProgress", "Delayed", "Cancelling")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_UP = ("pending", "running")

Show = Callable[[Said], None]


@dataclass(frozen=True)
class _Seen:
    """An invocation as GetCommandInvocation shows it."""

    status: str
    details: str
    stdout: str
    stderr: str


@contextmanager
def allowed(where: str) -> Generator[None]:
    """Turn what AWS answers into one line: which permission is missing, and where to find them all."""
    try:
        yield
    except ClientError as error:
        if code(error) not in _DENIED:
            raise ConsoleError(f"{where}: {error.operation_name} answered {one_line(str(error), 500)}") from error
        said = one_line(error.response.get("Error", {}).get("Message", ""), 500)
        raise ConsoleError(
            f"{where}: access denied: {said or error.operation_name}. "
            "`python -m release permissions --role console` prints what `exec` takes"
        ) from error
    except FAILURES as error:
        raise ConsoleError(f"{where}: {described(error)}") from error


def off(stack: str, document: str) -> str:
    """Return what to say of a stack without that document."""
    return (
        f"stack {stack} has no console (document {document}): set "
        "`pulumi config set slipway:console true` and run `pulumi up`; no instance is replaced"
    )


def unregistered(instance: str) -> str:
    """Return what to say of an instance that Systems Manager does not hear of."""
    return (
        f"instance {instance}: its SSM Agent is not registered with Systems Manager: it needs the fleet's "
        "role, and a way to the endpoints ssm and ssmmessages (network.nat, or the stack's own "
        "endpoints where that is none); `aws ssm describe-instance-information` lists those that have"
    )


class Errand:
    """One command on one instance."""

    def __init__(self, region: str | None, seat: Seat, request: Request, seats: Seats) -> None:
        self._ssm = client("ssm", region)
        self._logs = client("logs", region)
        self._seat = seat
        self._seats = seats
        self._request = request
        self._transcript = Transcript()
        self._token: str | None = None
        self._id = ""

    def send(self) -> None:
        """Send it. Raises ConsoleError, with nothing run."""
        deadline = time.monotonic() + _REGISTERS
        while not self._id:
            try:
                with allowed(f"instance {self._seat.id}"):
                    self._id = self._sent()
            except ConsoleError as error:
                answered = code(error.__cause__) if isinstance(error.__cause__, ClientError) else ""
                if answered == "InvalidDocument":
                    raise ConsoleError(off(self._seat.stack, names.exec_document(self._seat.stack))) from None
                if answered != "InvalidInstanceId":
                    raise
                self._refuse_gone()
                if time.monotonic() > deadline:
                    raise ConsoleError(unregistered(self._seat.id)) from None
                time.sleep(3)

    def _sent(self) -> str:
        answer = self._ssm.send_command(
            InstanceIds=[self._seat.id],
            DocumentName=names.exec_document(self._seat.stack),
            TimeoutSeconds=DELIVERY,
            Comment="python -m release exec",
            Parameters=parameters(self._request),
        )
        return str(answer["Command"]["CommandId"])

    def follow(self, show: Show) -> Ending:
        """Show what the command says until it has ended. Raises ConsoleError if how it ended can't be known."""
        deadline = time.monotonic() + DELIVERY + self._request.seconds + 2 * MARGIN
        while (seen := self._invocation()) is None or seen.status in _ONGOING:
            self._show_new(show)
            if time.monotonic() > deadline:
                raise ConsoleError(f"instance {self._seat.id}: nothing was heard of the command; {self._traces()}")
            self._refuse_gone()
            time.sleep(_POLL)
        found = ending(seen.stdout)
        if found is None:
            raise ConsoleError(self._not_run(seen))
        self._show_rest(show)
        return found

    def cancel(self) -> str:
        """End the command early; return what to tell of that."""
        if not self._id:
            return "nothing was run"
        try:
            self._ssm.cancel_command(CommandId=self._id, InstanceIds=[self._seat.id])
            deadline = time.monotonic() + 15
            while (seen := self._invocation()) is None or seen.status in _ONGOING:
                if time.monotonic() > deadline:
                    return f"Systems Manager was told to cancel the command, which may run on; {self._traces()}"
                time.sleep(_POLL)
        except (ConsoleError, *FAILURES) as error:
            return f"the command may run on, it could not be cancelled: {one_line(str(error), 500)}; {self._traces()}"
        return f"the command on {self._seat.id} was ended"

    def _invocation(self) -> _Seen | None:
        try:
            with allowed(f"instance {self._seat.id}"):
                shown = self._ssm.get_command_invocation(CommandId=self._id, InstanceId=self._seat.id)
        except ConsoleError as error:
            if isinstance(error.__cause__, ClientError) and code(error.__cause__) == "InvocationDoesNotExist":
                return None  # not everywhere at once
            raise
        return _Seen(
            str(shown["Status"]),
            str(shown["StatusDetails"]),
            str(shown["StandardOutputContent"]),
            str(shown["StandardErrorContent"]),
        )

    def _show_new(self, show: Show) -> bool:
        """Show what came since the last time, at most a few pages; return whether any came."""
        came = False
        for _ in range(20):
            page = self._page()
            if page is None:
                return came
            for event in page["events"]:
                came = True
                for said in self._transcript.take(str(event["message"])):
                    show(said)
            token, self._token = self._token, str(page["nextForwardToken"])
            if token == self._token:
                return came
        return came

    def _page(self) -> Any | None:  # noqa: ANN401 - as boto3 has it
        where = {"logGroupName": self._request.group, "logStreamName": self._request.stream}
        token: dict[str, Any] = {"nextToken": self._token} if self._token else {}
        try:
            with allowed(f"log group {self._request.group}"):
                return self._logs.get_log_events(**where, startFromHead=True, **token)
        except ConsoleError as error:
            if isinstance(error.__cause__, ClientError) and code(error.__cause__) == "ResourceNotFoundException":
                return None  # the command has said nothing yet
            raise

    def _show_rest(self, show: Show) -> None:
        deadline = time.monotonic() + _TAIL
        while not self._transcript.ended and time.monotonic() < deadline:
            if not self._show_new(show):
                time.sleep(0.2)
        for said in self._transcript.rest():
            show(said)

    @property
    def complete(self) -> bool:
        """Return whether all that the command said was shown."""
        return self._transcript.ended

    def _refuse_gone(self) -> None:
        with allowed(f"instance {self._seat.id}"):
            found = next(iter(self._seats.of([self._seat.id])), None)
        if found is None or found.state not in _UP:
            state = "is gone" if found is None else f"is {found.state}"
            ran = " while the command ran: how far that came is not known" if self._id else ""
            raise ConsoleError(f"instance {self._seat.id} {state}{ran}; give another --instance, or none")

    def _not_run(self, seen: _Seen) -> str:
        said = one_line(seen.stderr.strip().rpartition("\n")[2] or seen.stdout, 1000)
        where = f"instance {self._seat.id}"
        if seen.details == "DeliveryTimedOut":
            return f"{where}: its SSM Agent did not take the command within {DELIVERY} s, so it was not run"
        if seen.details == "Cancelled":
            return f"{where}: somebody cancelled the command; {self._traces()}"
        return f"{where}: the command was not run to its end ({seen.details}): {said or 'no reason was given'}"

    def _traces(self) -> str:
        return (
            f"see `aws ssm get-command-invocation --command-id {self._id} --instance-id {self._seat.id}` "
            f"and the stream {self._request.stream} of the log group {self._request.group}"
        )
