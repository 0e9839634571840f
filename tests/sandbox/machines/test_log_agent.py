"""The stand-in for the CloudWatch agent: what it takes, what it reads, and what becomes an event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sandbox.machines import log_agent
from sandbox.machines.log_agent import Shipping
from sandbox.machines.log_agent_calls import CallError, Logs
from sandbox.machines.log_agent_config import AgentConfigError, Followed, read
from sandbox.machines.log_agent_tail import CUT, LARGEST, Event, Tail

Follow = Callable[[Path, int], Tail]
FILE = {"file_path": "/app/output.log", "log_group_name": "group", "log_stream_name": "i-1/abc"}


def config(*files: dict[str, str], **logs: object) -> str:
    return json.dumps({"logs": {"logs_collected": {"files": {"collect_list": list(files)}}, **logs}})


def test_it_takes_what_the_user_guide_has():
    """The flush interval is five seconds unless it is given."""
    assert read(config(FILE)).flush == 5
    given = read(config(FILE, force_flush_interval=2))
    assert (given.flush, given.files[0].stream) == (2, "i-1/abc")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        (config(), "at least one file"),
        (config({**FILE, "log_group": "x"}), "collect_list.log_group: the sandbox's CloudWatch agent knows"),
        (config({**FILE, "file_path": "/app/*.log"}), r"without \*"),
        (config(FILE, force_flush_interval=0), "above 0"),
        (json.dumps({"metrics": {}}), "metrics: the sandbox's CloudWatch agent knows agent, logs here"),
    ],
)
def test_it_refuses_the_rest(text: str, said: str):
    """Rather than doing less than it was told."""
    with pytest.raises(AgentConfigError, match=said):
        read(text)


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Makes a tail of a file from an offset on, and closes it."""
    with ExitStack() as opened:
        yield lambda path, offset: opened.enter_context(closing(Tail(path, offset)))


def messages(tail: Tail, now: float, *, last: bool = False) -> list[str]:
    return [event.message for event in tail.read(now, last=last)]


def test_a_line_that_begins_with_white_space_belongs_to_the_one_before(tmp_path: Path, follow: Follow):
    """An event is whole when another begins, or after a second."""
    file = tmp_path / "log"
    file.write_text("one\ntwo\n  more\nthree\nunfinished")
    tail = follow(file, 0)
    assert messages(tail, 10) == ["one", "two\n  more"]
    assert messages(tail, 10.5) == []
    assert messages(tail, 12) == ["three"]
    assert tail.offset == len("one\ntwo\n  more\nthree\n")
    assert messages(tail, 12, last=True) == ["unfinished"]


def test_a_file_that_was_renamed_is_read_to_its_end_first(tmp_path: Path, follow: Follow):
    """Then the one that took its place, from the beginning; one that was cut likewise."""
    file = tmp_path / "log"
    file.write_text("one\n")
    tail = follow(file, 0)
    assert messages(tail, 1) == []
    with file.open("a") as old:
        file.rename(tmp_path / "log.1")
        old.write("two\n")
    file.write_text("three\nfour\n")
    assert messages(tail, 1) + messages(tail, 1) == ["one", "two", "three"]
    file.write_text("new\n")
    assert messages(tail, 1) + messages(tail, 3) == ["four", "new"]


def test_it_goes_on_where_it_was(tmp_path: Path, follow: Follow):
    """After a restart of the agent; a file that is shorter by then is another one."""
    file = tmp_path / "log"
    file.write_text("one\ntwo\n")
    assert messages(follow(file, 8), 1, last=True) == []
    tail = follow(file, 99)
    assert messages(tail, 1) + messages(tail, 3) == ["one", "two"]


def test_an_event_that_is_too_large_is_cut(tmp_path: Path, follow: Follow):
    """As the agent does."""
    file = tmp_path / "log"
    file.write_text("x" * 300_000 + "\nnext\n")
    tail, found = follow(file, 0), list[Event]()
    while not found:
        found = list(tail.read(1))
    assert len(found[0].message) == LARGEST
    assert found[0].message.endswith(CUT.decode())


class Refusing(Logs):
    """Refuses as often as it is told, then keeps what it is sent."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.batches: list[list[str]] = []

    def put(self, followed: Followed, events: Sequence[Event]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise CallError("ThrottlingException", "Rate exceeded")
        self.batches.append([event.message for event in events])


def test_what_was_refused_is_sent_again_in_batches_that_are_not_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """At most 10,000 events; how far it got is remembered once all was sent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    clock = [0.0]
    monkeypatch.setattr(log_agent.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(log_agent.time, "time", lambda: clock[0])
    file, logs = tmp_path / "log", Refusing(2)
    file.write_text("".join(f"line {n}\n" for n in range(25_000)))
    with closing(Shipping(Followed(path=str(file), group="g", stream="s"), logs, 2)) as shipping:
        while clock[0] < 30:
            while shipping.step():
                pass
            clock[0] += 0.5
    assert [line for batch in logs.batches for line in batch] == [f"line {n}" for n in range(25_000)]
    assert max(map(len, logs.batches)) <= 10_000
    saved = tmp_path / "opt" / "amazon-cloudwatch-agent" / "state" / str(file).replace("/", "_")
    assert saved.read_text() == str(file.stat().st_size)
