"""What `--follow` reads again and again, and the emulator's FilterLogEvents below it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from release.logs import read
from release.logs.read import Following, NoGroupError, Reader, Source, Wanted
from tests.aws.emulator import KEYS, Emulator
from tests.aws.playing import running

SHA, OTHER = "a" * 40, "b" * 40
WEB = Source(fleet="web", group="/slipway/prod/web/output")


def event(number: int, at: float, text: str = "x", stream: str = f"i-1/{SHA}") -> dict[str, Any]:
    return {"eventId": str(number), "timestamp": int(at * 1000), "message": text, "logStreamName": stream}


class Group:
    """A log group in memory, and from when it was read."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.stored = list(events)
        self.starts: list[float] = []

    def events(self, _source: Source, _wanted: Wanted, start: float) -> Iterator[dict[str, Any]]:
        self.starts.append(start)
        found = [one for one in self.stored if one["timestamp"] >= start * 1000]
        yield from sorted(found, key=lambda one: one["timestamp"])


def following(group: Group, **wanted: str) -> Following:
    return Following(cast("Reader", group), WEB, Wanted(**wanted), 0)


def test_each_event_is_shown_once_also_one_that_is_late():
    """It is older than what was seen before; looks overlap."""
    group = Group(event(1, 100), event(2, 101))
    follower = following(group)
    assert len(list(follower.look(110))) == 2
    group.stored.append(event(3, 90))
    assert [line.at for line in follower.look(112)] == [90]
    assert list(follower.look(114)) == []
    assert group.starts == [0, 81, 81]


def test_an_instance_whose_clock_is_ahead_hides_no_other():
    """The next look begins before now, whatever an event says."""
    group = Group(event(1, 7000))
    follower = following(group)
    list(follower.look(100))
    group.stored.append(event(2, 99))
    assert [line.at for line in follower.look(102)] == [99]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch):
    """With more events than that in a look, the overlap is shorter; none of them is shown twice."""
    monkeypatch.setattr(read, "MOST_SEEN", 100)
    group = Group(*(event(n, n / 100) for n in range(1000)))
    follower = following(group)
    assert len(list(follower.look(10))) == 1000
    assert list(follower.look(11)) == []
    assert group.starts[1] >= 9


def test_text_and_release_are_compared_here_as_they_stand():
    """AWS was asked for a part of the text only."""
    group = Group(event(1, 1, "a.b"), event(2, 2, "axb"), event(3, 3, "a.b", f"i-2/{OTHER}"))
    assert [line.at for line in following(group, text="a.b").look(9)] == [1, 3]
    assert [line.at for line in following(group, text="a.b", sha=OTHER[:7]).look(9)] == [3]


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


@pytest.mark.sandbox
def test_it_reads_the_streams_of_an_instance_page_by_page(aws: Emulator, monkeypatch: pytest.MonkeyPatch):
    """FilterLogEvents with a prefix, a pattern, and more events than a page has; no group is an error of its own."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": aws.url}.items():
        monkeypatch.setenv(name, value)
    logs, now = aws.client("logs"), time.time()
    logs.create_log_group(logGroupName=WEB.group)
    for stream in (f"i-1/{SHA}", f"i-12/{SHA}"):
        logs.create_log_stream(logGroupName=WEB.group, logStreamName=stream)
        for part in range(3):
            batch = [{"timestamp": int(now * 1000), "message": f"line {part * 9000 + n}"} for n in range(9000)]
            logs.put_log_events(logGroupName=WEB.group, logStreamName=stream, logEvents=batch)
    reader, mine = Reader(aws.region), Source(fleet="web", group=WEB.group, prefix="i-1/")
    everything = [said["message"] for said in reader.events(mine, Wanted(), now - 60)]
    assert everything == [f"line {n}" for n in range(27_000)]
    found = [said["message"] for said in reader.events(WEB, Wanted(text="line 26999"), now - 60)]
    assert found == ["line 26999"] * 2
    with pytest.raises(NoGroupError):
        list(reader.events(Source(fleet="web", group="/none"), Wanted(), 0))
