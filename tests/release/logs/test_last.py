"""Tests of release/logs/last.py: what an instance printed last, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from release.logs import last
from release.logs.last import LINES, LONGEST, Output

SHA = "a" * 40


class Streams:
    """CloudWatch Logs with these streams."""

    def __init__(self, **messages: Sequence[str]) -> None:
        self._messages = {f"{name.replace('_', '-')}/{SHA}": said for name, said in messages.items()}
        self.queries: list[dict[str, Any]] = []

    def get_log_events(self, **query: Any) -> dict[str, Any]:
        self.queries.append(query)
        if query["logStreamName"] not in self._messages:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "GetLogEvents")
        return {"events": [{"message": each} for each in self._messages[query["logStreamName"]]]}


def output(monkeypatch: pytest.MonkeyPatch, streams: Streams) -> Output:
    def given(*_: object) -> Streams:
        return streams

    monkeypatch.setattr(last, "client", given)
    return Output()


def test_the_first_that_printed_anything(monkeypatch: pytest.MonkeyPatch):
    """An instance without a stream, or with an empty one, is passed over; later ones are not asked."""
    streams = Streams(i_2=[], i_3=["one\n", "two"], i_4=["three"])
    found = output(monkeypatch, streams).last("/slipway/prod/web", SHA, ["i-1", "i-2", "i-3", "i-4"])
    assert found == ("i-3", ["one", "two"])
    assert [query["logStreamName"] for query in streams.queries] == [f"i-{n}/{SHA}" for n in (1, 2, 3)]
    assert {query["logGroupName"] for query in streams.queries} == {"/slipway/prod/web/output"}


def test_lines_are_few_short_and_visible(monkeypatch: pytest.MonkeyPatch):
    """A stack trace is one event of many lines; what would steer a terminal is shown."""
    trace = "\n".join([*map(str, range(40)), "\x1b[2J" + "x" * 400])
    _, lines = output(monkeypatch, Streams(i_1=[trace])).last("/slipway/prod/web", SHA, ["i-1"])
    assert (len(lines), lines[0]) == (LINES, "26")
    assert lines[-1].startswith("\\x1b[2Jxx")
    assert len(lines[-1]) == LONGEST


def test_where_nothing_is_sent_there_is_nothing(monkeypatch: pytest.MonkeyPatch):
    """That is no error: it only explains another one."""
    assert output(monkeypatch, Streams()).last("/slipway/prod/web", SHA, ["i-1"]) == ("", [])
