"""What a flood in the log group costs who reads the boot journal."""

from __future__ import annotations

import json
import time
from collections import Counter

import boto3
import pytest
from botocore.model import OperationModel

from release.rollout.journal import Journal, Wanted

pytestmark = pytest.mark.sandbox

SHA = "a" * 40


def line(event: str, sha: str = SHA) -> str:
    return json.dumps({"event": event, "sha": sha, "digest": "d" * 64, "reason": "no database"})


def put(group: str, stream: str, messages: list[str]) -> None:
    logs, now = boto3.client("logs"), int(time.time() * 1000)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    for start in range(0, len(messages), 5_000):  # of 1 MiB at most
        part = [{"timestamp": now + start + n, "message": m} for n, m in enumerate(messages[start : start + 5_000])]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=part)


def counted(journal: Journal) -> Counter[str]:
    """The calls that it makes from now on, by operation."""
    calls = Counter[str]()

    def count(model: OperationModel, **_: object) -> None:
        calls[str(model.name)] += 1

    journal._logs.meta.events.register("before-call", count)
    return calls


def test_a_hundred_thousand_lines_are_not_read(aws: str):
    """Neither an app's own logs beside the journal's lines, nor a flood of forged ones, make the reader page on."""
    boto3.client("logs").create_log_group(logGroupName="/flood")
    app = [json.dumps({"event": "request", "n": n}) for n in range(30_000)]
    put("/flood", "app", app)
    put("/flood", "i-1", [line("ready"), *app])
    put("/flood", "i-2", [line("ready"), *(line("ready", "b" * 40) for _ in range(20_000))])
    put("/flood", "i-3", [line("failed"), *app[:20_000]])
    journal = Journal()
    calls = counted(journal)
    began = time.monotonic()
    ready = journal.said("/flood", Wanted(event="ready", sha=SHA), ["i-1", "i-2"])
    failed = journal.said("/flood", Wanted(event="failed", sha=SHA), ["i-3"], since=time.time() - 60)
    took = time.monotonic() - began
    assert [event.instance for event in ready + failed] == ["i-1", "i-2", "i-3"]
    assert failed[0].reason == "no database"
    assert calls.total() <= 8
    print(f"FIGURE 100,000 lines in the log group: {calls.total()} calls, {took:.1f} s")


def test_an_answer_that_is_not_there_is_looked_for_in_so_many_pages(aws: str):
    """And then in the beginning of the stream, however long it is."""
    boto3.client("logs").create_log_group(logGroupName="/long")
    put("/long", "i-1", ["app"] * 120_000)
    journal = Journal()
    calls = counted(journal)
    assert journal.said("/long", Wanted(event="ready", sha=SHA), ["i-1"]) == []
    assert calls == {"FilterLogEvents": 10, "GetLogEvents": 1}
