"""What is asked of AWS about a fleet, and how often: botocore's own stubs stand in for the answers."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.stub import Stubber

from release.rollout.journal import Journal, Wanted, boot_event
from release.rollout.observe import Fleets
from release.rollout.observed import Instance, Template

SHA, OTHER = "a" * 40, "b" * 40
DIGEST = "d" * 64
READY = Wanted(event="ready", sha=SHA, digest=DIGEST)
PATTERN = f'{{ ($.event = "ready") && ($.sha = "{SHA}") && ($.digest = "{DIGEST}") }}'
FAILED = f'{{ ($.event = "failed") && ($.sha = "{SHA}") }}'


def said(instance: str, event: str = "ready", sha: str = SHA, digest: str = DIGEST) -> dict[str, Any]:
    line = json.dumps({"event": event, "sha": sha, "digest": digest, "reason": "no \udc80\x1b[31mdatabase"})
    return {"logStreamName": instance, "message": line, "timestamp": 1000, "ingestionTime": 1000, "eventId": "1"}


def text(instance: str, message: str) -> dict[str, Any]:
    return {**said(instance), "message": message}


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


@pytest.fixture
def journal() -> Journal:
    return Journal("eu-west-1")


@pytest.fixture
def fleets() -> Fleets:
    return Fleets("eu-west-1")


def asked(stub: Stubber, streams: list[str], *answers: dict[str, Any], pattern: str = PATTERN, **more: object) -> None:
    expected = {"logGroupName": "l", "logStreamNames": streams, "filterPattern": pattern, **more}
    stub.add_response("filter_log_events", {"events": list(answers)}, expected)


def missing(stub: Stubber, streams: list[str]) -> None:
    expected = {"logGroupName": "l", "logStreamNames": streams, "filterPattern": PATTERN}
    stub.add_client_error("filter_log_events", "ResourceNotFoundException", expected_params=expected)


def ready(journal: Journal, *instances: str) -> list[str]:
    return [event.instance for event in journal.said("l", READY, instances)]


def test_an_instance_that_is_ready_is_asked_once(journal: Journal):
    """Polling reads only the streams of the instances that have not said it yet."""
    with Stubber(journal._logs) as stub:
        asked(stub, ["i-1", "i-2"], said("i-1"))
        asked(stub, ["i-2"], said("i-2"))
        assert ready(journal, "i-1", "i-2") == ["i-1"]
        for _ in range(2):
            assert ready(journal, "i-1", "i-2") == ["i-1", "i-2"]
        stub.assert_no_pending_responses()


def test_a_stream_that_is_not_there_hides_no_other(journal: Journal):
    """The API refuses the whole question for one missing stream: it is asked again by halves."""
    with Stubber(journal._logs) as stub:
        missing(stub, ["i-1", "i-2", "i-3"])
        asked(stub, ["i-1"], said("i-1"))
        missing(stub, ["i-2", "i-3"])
        missing(stub, ["i-2"])
        asked(stub, ["i-3"], said("i-3"))
        assert ready(journal, "i-1", "i-2", "i-3") == ["i-1", "i-3"]


def test_without_a_log_group_nothing_was_said(journal: Journal):
    """Before the first instance has booted far enough to write."""
    with Stubber(journal._logs) as stub:
        stub.add_client_error("filter_log_events", "ResourceNotFoundException")
        assert ready(journal, "i-1") == []


def test_only_what_is_wanted_counts(journal: Journal):
    """Another release, digest or event, somebody else's stream, text that is no line of ours: none is believed."""
    odd = [
        said("i-1", sha=OTHER),
        said("i-1", digest="e" * 64),
        said("i-1", event="failed"),
        said("i-9"),
        text("i-1", "[" * 3000),
        text("i-1", "hello"),
        text("i-1", json.dumps({"event": "ready", "sha": SHA, "digest": ["d"]})),
        text("i-1", json.dumps({"event": "ready", "sha": SHA, "digest": DIGEST, "reason": "x" * 100_000})),
    ]
    with Stubber(journal._logs) as stub:
        asked(stub, ["i-1"], *odd)
        assert ready(journal, "i-1") == []
        asked(stub, ["i-1"], *odd, said("i-1"))
        assert ready(journal, "i-1") == ["i-1"]


def test_a_flood_ends_in_the_beginning_of_the_stream(journal: Journal):
    """After ten pages, full of somebody's lines or empty, the head of the stream says it: there it was said first."""
    flood = [said("i-1", sha=OTHER)]
    with Stubber(journal._logs) as stub:
        for page in range(10):
            stub.add_response("filter_log_events", {"events": flood * (page % 2), "nextToken": str(page)})
        head = {"logGroupName": "l", "logStreamName": "i-1", "startFromHead": True, "limit": 200}
        stub.add_response("get_log_events", HEAD, head)
        assert ready(journal, "i-1") == ["i-1"]
        stub.assert_no_pending_responses()


HEAD = {"events": [{name: said("i-1")[name] for name in ("message", "timestamp", "ingestionTime")}]}


@pytest.mark.parametrize(
    "message", ["[" * 3000, "{" * 3000, "", "1e400", "null", "\ud800", '{"event": {}}', "x" * 300_000]
)
def test_a_line_is_text_of_a_stranger(message: str):
    """Nothing in it raises anything."""
    assert boot_event("i-1", text("i-1", message)) is None


def test_a_reason_can_be_shown():
    """An app's last words may be no UTF-8, or steer a terminal."""
    event = boot_event("i-1", said("i-1"))
    assert event is not None
    assert event.reason == "no \ufffddatabase"


def member(name: str, version: str | None = "2") -> Instance:
    template = Template(id="lt-1", version=version) if version else None
    return Instance(id=name, zone="a", state="InService", health="Healthy", template=template)


def version(number: int, sha: str = SHA, user_data: str = f"#!/bin/bash\nSHA=x\nDIGEST={DIGEST}\n") -> dict[str, Any]:
    data = {"UserData": base64.b64encode(user_data.encode()).decode()}
    return {"VersionNumber": number, "VersionDescription": f"Release {sha}", "LaunchTemplateData": data}


def versions(stub: Stubber, *shown: dict[str, Any]) -> None:
    asked = {"LaunchTemplateId": "lt-1", "Versions": [str(each["VersionNumber"]) for each in shown]}
    stub.add_response("describe_launch_template_versions", {"LaunchTemplateVersions": list(shown)}, asked)


def test_ready_is_what_the_template_says(fleets: Fleets):
    """Each member is asked for the release that AWS says it has; the versions are looked up once."""
    members = [member("i-1"), member("i-2", "1"), member("i-3", None)]
    other = Wanted(event="ready", sha=OTHER)
    with Stubber(fleets.templates._ec2) as ec2, Stubber(fleets._journal._logs) as logs:
        versions(ec2, version(1, OTHER, "#!/bin/bash"), version(2))
        asked(logs, ["i-1"], said("i-1", sha=OTHER))
        asked(logs, ["i-2"], said("i-2", sha=OTHER), pattern=other.pattern)
        assert [(event.instance, event.sha) for event in fleets.ready("l", members)] == [("i-2", OTHER)]
        asked(logs, ["i-1"], said("i-1"))
        assert [event.sha for event in fleets.ready("l", members)] == [SHA, OTHER]


def activity(
    instance: str, status: str = "Cancelled", at: float = 2000, what: str = "Launching a new"
) -> dict[str, Any]:
    return {
        "ActivityId": instance,
        "AutoScalingGroupName": "g",
        "Description": f"{what} EC2 instance: {instance}",
        "Cause": "x",
        "StartTime": datetime.fromtimestamp(at, tz=timezone.utc),
        "StatusCode": status,
    }


def test_only_launches_that_aws_says_failed_count(fleets: Fleets):
    """What a forged line says of a stranger, or of an instance that came into service, is not even read."""
    activities = [
        activity("i-0a"),
        activity("i-0b", "Successful"),
        activity("i-0c", "MidLifecycleAction"),
        activity("i-0d", "Failed"),
        activity("i-0d", what="Terminating"),
        {**activity(""), "Description": "Launching a new EC2 instance.  Status Reason: no capacity"},
        activity("i-0e", at=900),
    ]
    with Stubber(fleets._autoscaling) as autoscaling, Stubber(fleets._journal._logs) as logs:
        autoscaling.add_response("describe_scaling_activities", {"Activities": activities})
        lines = [said("i-0a", "failed"), said("i-0b", "failed"), said("i-0d", "failed", OTHER)]
        asked(logs, ["i-0a", "i-0d"], *lines, pattern=FAILED, startTime=0)
        assert [event.instance for event in fleets.failed_boots("g", "l", SHA, 1000)] == ["i-0a"]


def test_without_a_failed_launch_no_line_is_read(fleets: Fleets):
    """A good rollout costs one question a look."""
    with Stubber(fleets._autoscaling) as autoscaling, Stubber(fleets._journal._logs):
        autoscaling.add_response("describe_scaling_activities", {"Activities": [activity("i-0a", "Successful")]})
        assert fleets.failed_boots("g", "l", SHA, 1000) == []


def test_a_launch_of_another_release_says_nothing_of_this_one(fleets: Fleets):
    """Where its template was seen while it was a member."""
    fleets._seen["i-0a"] = Template(id="lt-1", version="1")
    with Stubber(fleets._autoscaling) as autoscaling, Stubber(fleets.templates._ec2) as ec2:
        autoscaling.add_response("describe_scaling_activities", {"Activities": [activity("i-0a")]})
        versions(ec2, version(1, OTHER))
        assert fleets.failed_boots("g", "l", SHA, 1000) == []


def test_a_version_that_is_gone_hides_no_other(fleets: Fleets):
    """The API refuses the whole question for one that was deleted."""
    with Stubber(fleets.templates._ec2) as ec2:
        ec2.add_client_error("describe_launch_template_versions", "InvalidLaunchTemplateId.VersionNotFound")
        ec2.add_client_error("describe_launch_template_versions", "InvalidLaunchTemplateId.VersionNotFound")
        versions(ec2, version(2))
        templates = [Template(id="lt-1", version=number) for number in ("1", "2")]
        assert [baked.sha for baked in fleets.templates.baked(templates).values()] == [SHA]
