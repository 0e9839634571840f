"""`status` of scheduled work, over HTTP: from the journal of its runs, by few requests."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Mapping

import boto3
import pytest
from botocore.model import OperationModel

from release import names
from release.__main__ import main
from release.rollout.jobs import Jobs
from tests.release.conftest import REGION

pytestmark = pytest.mark.sandbox


@pytest.fixture
def stack(aws: str) -> str:
    return f"jobs-{uuid.uuid4().hex[:8]}"


def group(stack: str, called: str, store: str, **tags: str) -> None:
    name = names.group_name(stack, called)
    template = {"ImageId": "ami-12345678", "InstanceType": "t3.small"}
    made = boto3.client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=template)
    told = {**names.tags(stack), names.STORE_TAG: store, **tags}
    boto3.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=[f"{REGION}a"],
        LaunchTemplate={"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in told.items()],
    )


def job(stack: str, name: str, store: str = "store") -> None:
    group(stack, names.job_fleet(name), store, **{names.JOB_TAG: name, names.JOB_FLEET_TAG: "web"})


def says(stack: str, name: str, *lines: Mapping[str, object]) -> None:
    """What instances wrote into the journal of an entry."""
    logs, where, stream = boto3.client("logs"), names.log_group_name(stack, "web"), names.job_stream(name)
    logs.create_log_group(logGroupName=where)
    logs.create_log_stream(logGroupName=where, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [
        {"timestamp": now + at, "message": json.dumps({"instance": "i-1", "sha": "a" * 40, "reason": "", **line})}
        for at, line in enumerate(lines)
    ]
    logs.put_log_events(logGroupName=where, logStreamName=stream, logEvents=events)


def test_each_entry_with_its_last_run(stack: str):
    """By one request for all groups and one for each entry, also where a journal is long or is not there."""
    for name in ("nightly", "weekly"):
        job(stack, name)
    ends: list[tuple[int, str]] = [(number, event) for number in range(200) for event in ("began", "ended")]
    many = [{"event": event, "instance": f"i-{number}", "exit": number, "seconds": 2} for number, event in ends]
    says(stack, "nightly", *many)
    jobs, calls = Jobs(REGION), Counter[str]()

    def count(model: OperationModel, **_: object) -> None:
        calls[str(model.name)] += 1

    for client in (jobs._logs, jobs._autoscaling):
        client.meta.events.register("before-call", count)
    nightly, weekly = jobs.of_stack(stack)
    assert nightly.last
    assert (nightly.name, nightly.fleet, nightly.last.state, nightly.last.exit) == ("nightly", "web", "ended", 199)
    assert str(weekly) == "never ran"
    assert calls == {"DescribeAutoScalingGroups": 1, "GetLogEvents": 2}


def test_status_shows_it(stack: str, bucket: str, capsys: pytest.CaptureFixture[str]):
    """Below the fleets, and in the document of the fleet whose release it runs."""
    group(stack, "web", bucket, **{names.FLEET_TAG: "web"})
    job(stack, "nightly", bucket)
    says(stack, "nightly", {"event": "began"}, {"event": "ended", "exit": 3, "seconds": 7})
    assert main(["status", "--stack", stack]) == 0
    heading, row = capsys.readouterr().out.splitlines()[-2:]
    assert heading.split() == ["SCHEDULED", "FLEET", "LAST", "RUN"]
    assert row.split()[:2] == ["nightly", "web"]
    assert row.endswith(": exit 3 after 7 s")
    assert main(["status", "--stack", stack, "--json"]) == 0
    (fleet,) = json.loads(capsys.readouterr().out)
    assert [(each["name"], each["state"], each["exit"]) for each in fleet["schedule"]] == [("nightly", "ended", 3)]
