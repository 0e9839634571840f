"""What an instance of a release phase says: in the emulator's logs, and in some that are played."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from release.phase import output as module
from release.phase.decide import LAST_LINES, Ended
from release.phase.output import Output
from release.phase.spec import PhaseSpec
from tests.release.conftest import REGION
from tests.release.phase.test_run import SPEC

BEGAN: dict[str, object] = {"event": "began", "sha": SPEC.sha, "instance": "i-1", "reason": ""}
ENDED: dict[str, object] = {**BEGAN, "event": "ended", "exit": 0, "lines": 2, "seconds": 4}


@pytest.fixture
def spec(aws: str) -> PhaseSpec:
    """A phase with a log group of its own."""
    made = replace(SPEC, log_group=f"/slipway/{uuid.uuid4().hex}")
    boto3.client("logs", REGION).create_log_group(logGroupName=made.log_group)
    return made


def write(spec: PhaseSpec, stream: str, *lines: str, new: bool = True) -> None:
    logs = boto3.client("logs", REGION)
    if new:
        logs.create_log_stream(logGroupName=spec.log_group, logStreamName=stream)
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=spec.log_group,
        logStreamName=stream,
        logEvents=[{"timestamp": now, "message": line} for line in lines],
    )


@contextmanager
def played() -> Generator[tuple[Output, Stubber]]:
    """An output whose logs answer what they are told to, in that order, and all of it."""
    output = Output(SPEC, "i-1", REGION)
    with Stubber(output._logs) as stub:
        yield output, stub
        stub.assert_no_pending_responses()


def page(stub: Stubber, token: str | None, following: str, *lines: str) -> None:
    """Have it asked for the page at a token, and answer with lines and the token of the one that follows."""
    query: dict[str, Any] = {
        "logGroupName": SPEC.log_group,
        "logStreamName": f"{SPEC.stream}/i-1",
        "startFromHead": True,
        **({"nextToken": token} if token else {}),
    }
    events = [{"timestamp": 1, "message": line} for line in lines]
    stub.add_response("get_log_events", {"events": events, "nextForwardToken": following}, query)


def ended(*lines: object) -> Ended | None:
    """What is said of the end by a stream with these lines."""
    with played() as (output, stub):
        events = [{"message": line if isinstance(line, str) else json.dumps(line)} for line in lines]
        query = {"logGroupName": SPEC.log_group, "logStreamName": "i-1", "startFromHead": True, "limit": 200}
        stub.add_response("get_log_events", {"events": events}, query)
        return output.ended()


# In the emulator


@pytest.mark.sandbox
def test_a_stream_that_is_not_there_yet_says_nothing(spec: PhaseSpec):
    """Neither lines nor an end; once it is there, it is read from its beginning."""
    output = Output(spec, "i-1", REGION)
    assert (output.more(), output.count, output.ended()) == ([], 0, None)
    write(spec, f"{spec.stream}/i-1", "one")
    assert output.more() == ["one"]


@pytest.mark.sandbox
def test_a_group_that_is_not_there_yet_says_nothing(aws: str):
    """It is made by the same deploy."""
    output = Output(replace(SPEC, log_group="/slipway/none"), "i-1", REGION)
    assert (output.more(), output.ended()) == ([], None)


@pytest.mark.sandbox
def test_each_line_is_returned_once_and_in_order(spec: PhaseSpec):
    """What comes later is returned later; other instances' lines are not."""
    output = Output(spec, "i-1", REGION)
    write(spec, f"{spec.stream}/i-1", "one", "two")
    write(spec, f"{spec.stream}/i-2", "another's")
    assert output.more() == ["one", "two"]
    assert output.more() == []
    write(spec, f"{spec.stream}/i-1", "three", new=False)
    assert output.more() == ["three"]
    assert (output.count, list(output.last)) == (3, ["one", "two", "three"])


@pytest.mark.sandbox
def test_the_end_is_what_the_instances_own_stream_says(spec: PhaseSpec):
    """Not before it says so, and whatever the command itself prints."""
    output = Output(spec, "i-1", REGION)
    write(spec, f"{spec.stream}/i-1", json.dumps({**ENDED, "exit": 7}))
    write(spec, "i-1", json.dumps(BEGAN))
    assert output.ended() is None
    write(spec, "i-1", json.dumps(ENDED), new=False)
    assert output.ended() == Ended(0, 2, 4, "")


# In logs that are played


def test_pages_are_read_until_one_repeats_its_token():
    """An empty first page is not the end (GetLogEvents may answer so); the next look goes on where this one ended."""
    with played() as (output, stub):
        page(stub, None, "a")
        page(stub, "a", "b", "one", "two")
        page(stub, "b", "c", "three")
        page(stub, "c", "c")
        assert output.more() == ["one", "two", "three"]
        page(stub, "c", "d", "four")
        page(stub, "d", "e")
        assert output.more() == ["four"]
        assert output.count == 4


def test_a_flood_is_returned_in_parts(monkeypatch: pytest.MonkeyPatch):
    """One look reads so many pages and no more, so that the end is looked for in between."""
    monkeypatch.setattr(module, "_PAGES", 2)
    with played() as (output, stub):
        page(stub, None, "a", "one")
        page(stub, "a", "b", "two")
        assert output.more() == ["one", "two"]
        page(stub, "b", "c", "three")
        page(stub, "c", "c")
        assert output.more() == ["three"]


def test_the_last_lines_are_kept_and_all_are_counted():
    """What an error shows is bounded, however much the command says."""
    lines = [str(number) for number in range(LAST_LINES + 5)]
    with played() as (output, stub):
        page(stub, None, "a", *lines)
        page(stub, "a", "a")
        assert output.more() == lines
    assert (output.count, list(output.last)) == (LAST_LINES + 5, lines[5:])


def test_lines_are_safe_to_print():
    """Colours and what else steers a terminal are taken out, line breaks are no lines, and a long line is cut."""
    with played() as (output, stub):
        page(stub, None, "a", "\x1b[31mred\x1b[0m\r", "a\n::error::b", "x" * 5_000)
        page(stub, "a", "a")
        red, two, long = output.more()
    assert (red, two) == ("red", "a ::error::b")
    assert (len(long), long[-1]) == (4_000, "…")


def test_logs_that_may_not_be_read_are_an_error():
    """That is not the same as nothing being there yet."""
    with played() as (output, stub):
        stub.add_client_error("get_log_events", "AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDenied"):
            output.more()
        stub.add_client_error("get_log_events", "AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDenied"):
            output.ended()


@pytest.mark.parametrize(
    "line",
    [
        " ",
        "booting",
        "[1]",
        "null",
        '{"event": "ended"',
        '{"event": NaN}',
        "[" * 60_000,
        json.dumps(BEGAN),
        json.dumps({**ENDED, "sha": "b" * 40}),
        json.dumps({**ENDED, "reason": "x" * (64 << 10)}),
    ],
    ids=["blank", "text", "list", "null", "cut", "nan", "nested", "began", "another release's", "too long"],
)
def test_what_is_no_end(line: str):
    """It is passed over, and the end after it is found."""
    assert ended(line) is None
    assert ended(line, ENDED) == Ended(0, 2, 4, "")


def test_a_command_that_never_ran():
    """No exit status, and why; what would steer a terminal is taken out of that."""
    never: dict[str, object] = {**BEGAN, "event": "ended", "reason": "\x1b[1mno such\x07 package"}
    assert ended(BEGAN, never) == Ended(None, 0, None, "no such package")


@pytest.mark.parametrize("wrong", [True, "0", 0.5, None, [0]])
def test_numbers_that_are_none(wrong: object):
    """They count as not said: `false` and "0" are no success."""
    assert ended({**ENDED, "exit": wrong, "lines": wrong, "seconds": wrong}) == Ended(None, 0, None, "")


def test_the_first_end_counts():
    """An instance says it once; whatever comes after it does not change it."""
    assert ended({**ENDED, "exit": 1}, ENDED) == Ended(1, 2, 4, "")
