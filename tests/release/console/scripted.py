"""Systems Manager and CloudWatch Logs as a script has them, and a clock that nobody waits for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from release.console import errand
from release.console.seats import Seat

Answer = Mapping[str, Any] | BaseException
Script = Sequence[Answer] | Callable[..., Answer]
"""What an operation answers: in turn, the last for ever; or by what it is asked."""
COMMAND = "11111111-2222-3333-4444-555555555555"
SENT: Answer = {"Command": {"CommandId": COMMAND}}
SEAT = Seat(
    id="i-00000001",
    state="running",
    launched=datetime(2026, 1, 1, tzinfo=timezone.utc),
    stack="prod",
    fleet="web",
    sha="a" * 40,
)


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Scripted:
    """The clients of ssm and logs in one. What they are asked has to be as botocore's models have it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.script: dict[str, Script] = {"send_command": [SENT], "cancel_command": [{}]}

    def of(self, operation: str) -> list[dict[str, Any]]:
        """Return what an operation was asked."""
        return [asked for name, asked in self.asked if name == operation]

    def send_command(self, **asked: Any) -> Any:
        return self._answer("ssm", "SendCommand", "send_command", asked)

    def get_command_invocation(self, **asked: Any) -> Any:
        return self._answer("ssm", "GetCommandInvocation", "get_command_invocation", asked)

    def cancel_command(self, **asked: Any) -> Any:
        return self._answer("ssm", "CancelCommand", "cancel_command", asked)

    def get_log_events(self, **asked: Any) -> Any:
        return self._answer("logs", "GetLogEvents", "get_log_events", asked)

    def says(self, *pages: tuple[float, Sequence[str]], created: float = 0) -> None:
        """Have the stream hold these pages of lines, each since its second. At the end, the token stays."""

        def answer(**asked: Any) -> Answer:
            assert asked["startFromHead"]
            if self.clock.now < created:
                return refused("ResourceNotFoundException", "GetLogEvents")
            at = int(asked.get("nextToken", "f/0")[2:])
            there = at < len(pages) and pages[at][0] <= self.clock.now
            events = [{"message": line} for line in pages[at][1]] if there else []
            return {"events": events, "nextForwardToken": f"f/{at + there}"}

        self.script["get_log_events"] = answer

    def _answer(self, service: str, operation: str, method: str, asked: dict[str, Any]) -> Any:
        problems = ParamValidator().validate(asked, _operation(service, operation).input_shape)
        assert not problems.has_errors(), problems.generate_report()
        script = self.script[method]
        count = len(self.of(method))
        self.asked.append((method, asked))
        answer = script(**asked) if callable(script) else script[min(count, len(script) - 1)]
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Known:
    """EC2 with one instance, in these states one after another; None is one that it has forgotten."""

    def __init__(self, *states: str | None) -> None:
        self._states = list(states or ("running",))

    def of(self, ids: Sequence[str]) -> list[Seat]:
        assert list(ids) == [SEAT.id]
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return [] if state is None else [SEAT] if state == "running" else [_in(state)]


def _in(state: str) -> Seat:
    return Seat(id=SEAT.id, state=state, launched=SEAT.launched, stack="prod", fleet="web", sha=SEAT.sha)


@cache
def _operation(service: str, name: str) -> OperationModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service).operation_model(name)


def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Put them in the place of boto3's, and of time."""
    aws = Scripted(Clock())
    monkeypatch.setattr(errand, "time", aws.clock)

    def client(service: str, region: str | None = None) -> Scripted:
        assert (service in ("ssm", "logs"), region) == (True, None)
        return aws

    monkeypatch.setattr(errand, "client", client)
    return aws


def refused(code: str, operation: str = "SendCommand", message: str = "") -> ClientError:
    """Return what boto3 raises for an error of AWS's."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def invocation(status: str, stdout: str = "", *, details: str | None = None, stderr: str = "") -> Answer:
    """Return what GetCommandInvocation answers."""
    return {
        "Status": status,
        "StatusDetails": details or status,
        "StandardOutputContent": stdout,
        "StandardErrorContent": stderr,
    }


NOWHERE = refused("InvocationDoesNotExist", "GetCommandInvocation")
RUNS = invocation("InProgress")


def done(status: int = 0, *, late: bool = False, lost: str = "") -> Answer:
    """Return the invocation of a command that came to its end."""
    return invocation("Success", json.dumps({"exit": status, "late": late, "lines": 1, "lost": lost}) + "\n")


def output(number: int, text: str, to: str = "out") -> str:
    """Return a line of the stream."""
    return json.dumps({"event": "output", "to": to, "text": text, "n": number})


def ended(number: int) -> str:
    """Return the stream's last line."""
    return json.dumps({"event": "ended", "exit": 0, "n": number})
