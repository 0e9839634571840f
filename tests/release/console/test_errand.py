"""A command is sent, followed to its end and cancelled; what goes wrong on the way is said in one line."""

from __future__ import annotations

import re
from typing import cast

import pytest
from botocore.exceptions import EndpointConnectionError

from release import names
from release.console.document import parameters
from release.console.errand import DELIVERY, Errand
from release.console.request import Request
from release.console.seats import Seats
from release.console.transcript import Ending, Said
from release.errors import ConsoleError
from tests.release.console.scripted import (
    COMMAND,
    NOWHERE,
    RUNS,
    SEAT,
    SENT,
    Answer,
    Known,
    Scripted,
    done,
    ended,
    invocation,
    output,
    refused,
    scripted,
)

REQUEST = Request(argv=("bin/console", "a b"), seconds=30, group="/slipway/prod/web", stream="exec/1")
UNKNOWN = refused("InvalidInstanceId")
TRACES = re.escape(
    f"see `aws ssm get-command-invocation --command-id {COMMAND} --instance-id {SEAT.id}` "
    "and the stream exec/1 of the log group /slipway/prod/web"
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return scripted(monkeypatch)


def errand(*states: str | None) -> Errand:
    return Errand(None, SEAT, REQUEST, cast("Seats", Known(*states)))


def followed(aws: Scripted, *seen: Answer, states: tuple[str | None, ...] = ()) -> tuple[Ending, list[Said], Errand]:
    """Send a command whose invocation is seen so, and follow it."""
    aws.script["get_command_invocation"] = seen
    shown: list[Said] = []
    made = errand(*states)
    made.send()
    return made.follow(shown.append), shown, made


def texts(shown: list[Said]) -> str:
    return " ".join(f"{said.to}:{said.text}" for said in shown)


def test_it_is_sent_by_the_stacks_own_document(aws: Scripted):
    """To the one instance, with the request as the document takes it, once."""
    errand().send()
    (asked,) = aws.of("send_command")
    assert (asked["InstanceIds"], asked["DocumentName"]) == ([SEAT.id], names.exec_document("prod"))
    assert (asked["TimeoutSeconds"], asked["Parameters"]) == (DELIVERY, parameters(REQUEST))


def test_what_it_says_is_shown_while_it_runs(aws: Scripted):
    """Page by page, from where the last look ended; nobody knows of the command at once, and its stream comes later."""
    aws.says(
        (1, [output(0, "a"), output(1, "b", "err")]), (1, [output(2, "c")]), (2, [output(3, "d"), ended(4)]), created=1
    )
    end, shown, made = followed(aws, NOWHERE, RUNS, RUNS, done(3))
    assert (end, texts(shown), made.complete) == (Ending(status=3, lines=1), "out:a err:b out:c out:d", True)
    tokens = [asked.get("nextToken") for asked in aws.of("get_log_events")]
    assert tokens == [None, None, "f/1", "f/2", "f/2", "f/3"]
    assert {asked["logStreamName"] for asked in aws.of("get_log_events")} == {"exec/1"}


def test_a_stream_that_never_stops_does_not_keep_it_from_looking_at_the_command(aws: Scripted):
    """After some pages the invocation is looked at again; the rest is shown all the same."""
    aws.says(*((0, [output(number, "x")]) for number in range(50)), (0, [ended(50)]))
    _, shown, made = followed(aws, RUNS, done())
    assert (len(shown), made.complete) == (50, True)
    looks = [name for name, _ in aws.asked if name != "send_command"]
    assert looks.index("get_command_invocation", 1) == 21


def test_lines_that_come_after_the_end_are_waited_for(aws: Scripted):
    """CloudWatch Logs may be a few seconds behind."""
    aws.says((0, [output(0, "a")]), (5, [output(1, "b"), ended(2)]))
    _, shown, made = followed(aws, done())
    assert (texts(shown), made.complete) == ("out:a out:b", True)
    assert 5 <= aws.clock.now < 6


def test_lines_that_never_come_are_not_waited_for_for_ever(aws: Scripted):
    """What is there is shown, with its gap, and the status stands."""
    aws.says((0, [output(0, "a"), output(2, "c")]))
    end, shown, made = followed(aws, done(1, lost="AccessDeniedException"))
    assert (end.status, end.lost, texts(shown), made.complete) == (1, "AccessDeniedException", "out:a out:c", False)
    assert 20 <= aws.clock.now < 21


def test_one_that_was_ended_at_its_deadline(aws: Scripted):
    """The instance says so itself."""
    aws.says((0, [ended(0)]))
    end, _, _ = followed(aws, done(143, late=True))
    assert (end.status, end.late) == (143, True)


@pytest.mark.parametrize("seen", [RUNS, invocation("Delayed"), NOWHERE])
def test_one_of_which_nothing_is_heard_is_given_up(aws: Scripted, seen: Answer):
    """Once the command, its delivery and its last words have had their time; where to look is said."""
    aws.says()
    with pytest.raises(ConsoleError, match=f"^instance i-00000001: nothing was heard of the command; {TRACES}$"):
        followed(aws, seen)
    assert 210 < aws.clock.now < 212


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            invocation("TimedOut", details="DeliveryTimedOut"),
            "its SSM Agent did not take the command within 60 s, so it was not run",
        ),
        (invocation("Cancelled"), f"somebody cancelled the command; {TRACES}"),
        (
            invocation("Failed", stderr="a warning\nremote.py: no such user\n"),
            r"the command was not run to its end \(Failed\): remote.py: no such user",
        ),
        (invocation("Failed", "Killed\n"), r"the command was not run to its end \(Failed\): Killed"),
        (
            invocation("TimedOut", details="ExecutionTimedOut"),
            r"the command was not run to its end \(ExecutionTimedOut\): no reason was given",
        ),
    ],
)
def test_one_that_did_not_come_to_its_end(aws: Scripted, seen: Answer, said: str):
    """It has no status; why is said."""
    with pytest.raises(ConsoleError, match=f"^instance i-00000001: {said}$"):
        followed(aws, seen)


@pytest.mark.parametrize(("state", "said"), [(None, "is gone"), ("shutting-down", "is shutting-down")])
def test_an_instance_that_goes_while_it_runs(aws: Scripted, state: str | None, said: str):
    """What was said until then is shown, and nobody waits for the rest."""
    aws.says((0, [output(0, "a")]))
    shown: list[Said] = []
    made = errand("running", state)
    made.send()
    aws.script["get_command_invocation"] = [RUNS]
    with pytest.raises(ConsoleError, match=f"^instance i-00000001 {said} while the command ran: how far"):
        made.follow(shown.append)
    assert (texts(shown), aws.clock.now) == ("out:a", 1)


@pytest.mark.parametrize(("state", "said"), [(None, "is gone"), ("terminated", "is terminated")])
def test_an_instance_that_is_gone_before(aws: Scripted, state: str | None, said: str):
    """Systems Manager does not know it either; nothing ran, and nothing is waited for."""
    aws.script["send_command"] = [UNKNOWN]
    made = errand(state)
    with pytest.raises(ConsoleError, match=f"^instance i-00000001 {said}; give another --instance, or none$"):
        made.send()
    assert (aws.clock.now, made.cancel()) == (0, "nothing was run")


def test_an_agent_that_is_not_registered(aws: Scripted):
    """It gets the time that a boot takes, and then what it lacks is said."""
    aws.script["send_command"] = [UNKNOWN]
    with pytest.raises(ConsoleError, match="its SSM Agent is not registered with Systems Manager: it needs"):
        errand().send()
    assert 45 < aws.clock.now <= 51


def test_an_agent_that_registers_meanwhile(aws: Scripted):
    """A young instance's; its command is sent then."""
    aws.script["send_command"] = [UNKNOWN, UNKNOWN, SENT]
    errand("pending", "running").send()
    assert (len(aws.of("send_command")), aws.clock.now) == (3, 6)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            refused("AccessDeniedException", message="dev is not authorized to perform: ssm:SendCommand"),
            "instance i-00000001: access denied: dev is not authorized to perform: ssm:SendCommand. "
            "`python -m release permissions --role console` prints what `exec` takes",
        ),
        (refused("AccessDenied"), "instance i-00000001: access denied: SendCommand. `python -m release permissions"),
        (refused("InvalidDocument"), "stack prod has no console (document slipway-prod-exec): set `pulumi config set"),
        (refused("ThrottlingException"), "instance i-00000001: SendCommand answered An error occurred (Throttling"),
        (EndpointConnectionError(endpoint_url="https://ssm"), "instance i-00000001: Could not connect to the endpoint"),
    ],
)
def test_a_command_that_cannot_be_sent(aws: Scripted, answer: BaseException, said: str):
    """What is missing is said at once, without another attempt."""
    aws.script["send_command"] = [answer]
    with pytest.raises(ConsoleError, match=re.escape(said)):
        errand().send()
    assert (len(aws.asked), aws.clock.now) == (1, 0)


def test_a_log_group_that_may_not_be_read(aws: Scripted):
    """The place that refuses is named."""
    aws.script["get_log_events"] = [refused("AccessDeniedException", "GetLogEvents")]
    with pytest.raises(ConsoleError, match=r"^log group /slipway/prod/web: access denied: GetLogEvents"):
        followed(aws, RUNS)


def test_an_invocation_that_may_not_be_seen(aws: Scripted):
    """It is not taken for one that is not there yet."""
    with pytest.raises(ConsoleError, match=r"^instance i-00000001: access denied: GetCommandInvocation"):
        followed(aws, refused("AccessDeniedException", "GetCommandInvocation"))


def cancelled(aws: Scripted, *seen: Answer) -> str:
    aws.script["get_command_invocation"] = seen
    made = errand()
    made.send()
    return made.cancel()


def test_a_cancelled_one_has_ended(aws: Scripted):
    """That is said once Systems Manager says it."""
    assert cancelled(aws, NOWHERE, invocation("Cancelling"), invocation("Cancelled")) == (
        "the command on i-00000001 was ended"
    )
    assert aws.of("cancel_command") == [{"CommandId": COMMAND, "InstanceIds": [SEAT.id]}]
    assert aws.clock.now == 2


def test_one_that_does_not_end_when_it_is_cancelled(aws: Scripted):
    """Whoever interrupted it does not wait long."""
    said = cancelled(aws, invocation("Cancelling"))
    assert re.fullmatch(f"Systems Manager was told to cancel the command, which may run on; {TRACES}", said)
    assert 15 < aws.clock.now <= 17


@pytest.mark.parametrize("where", ["cancel_command", "get_command_invocation"])
def test_one_that_cannot_be_cancelled(aws: Scripted, where: str):
    """It is said, not raised: the interruption itself goes on."""
    denied = refused("AccessDeniedException", "CancelCommand", "no")
    aws.script["cancel_command"] = [denied if where == "cancel_command" else {}]
    said = cancelled(aws, denied)
    assert re.fullmatch(f"the command may run on, it could not be cancelled: .*denied.*; {TRACES}", said, re.IGNORECASE)
