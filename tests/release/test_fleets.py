"""What is asked of AWS about a fleet, and how often: botocore's own stubs stand in for the answers."""

from __future__ import annotations

import json

import pytest
from botocore.stub import Stubber

from release.fleets import Fleets


def said(instance: str, event: str = "ready") -> dict:
    line = json.dumps({"event": event, "sha": "a" * 40, "digest": "d", "reason": ""})
    return {"logStreamName": instance, "message": line, "timestamp": 1000, "ingestionTime": 1000, "eventId": "1"}


@pytest.fixture
def fleets(monkeypatch: pytest.MonkeyPatch) -> Fleets:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    return Fleets("eu-west-1")


def asked(stub: Stubber, streams: list[str], *answers: dict) -> None:
    stub.add_response("filter_log_events", {"events": list(answers)}, {"logGroupName": "l", "logStreamNames": streams})


def missing(stub: Stubber, streams: list[str]) -> None:
    expected = {"logGroupName": "l", "logStreamNames": streams}
    stub.add_client_error("filter_log_events", "ResourceNotFoundException", expected_params=expected)


def test_an_instance_that_is_ready_is_asked_once(fleets: Fleets):
    """Polling reads only the streams of the instances that have not said it yet."""
    with Stubber(fleets._logs) as stub:
        asked(stub, ["i-1", "i-2"], said("i-1"))
        asked(stub, ["i-2"], said("i-2"))
        assert [event.instance for event in fleets.boots("l", instances=["i-1", "i-2"])] == ["i-1"]
        for _ in range(2):
            assert [event.instance for event in fleets.boots("l", instances=["i-1", "i-2"])] == ["i-1", "i-2"]
        stub.assert_no_pending_responses()


def test_a_stream_that_is_not_there_hides_no_other(fleets: Fleets):
    """The API refuses the whole question for one missing stream: it is asked again by halves."""
    with Stubber(fleets._logs) as stub:
        missing(stub, ["i-1", "i-2", "i-3"])
        asked(stub, ["i-1"], said("i-1"))
        missing(stub, ["i-2", "i-3"])
        missing(stub, ["i-2"])
        asked(stub, ["i-3"], said("i-3"))
        found = fleets.boots("l", instances=["i-1", "i-2", "i-3"])
        assert [event.instance for event in found] == ["i-1", "i-3"]


def test_without_a_log_group_nothing_was_said(fleets: Fleets):
    """Before the first instance has booted far enough to write."""
    with Stubber(fleets._logs) as stub:
        stub.add_client_error("filter_log_events", "ResourceNotFoundException")
        assert fleets.boots("l", since=10_000) == []
