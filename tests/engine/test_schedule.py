"""Scheduled work and sizes, with the real engine and real processes, whose time a test brings near.

These tests are one story and run in this order. Each entry has a day of its own, so that none comes by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.conftest import GROUP, Sandbox, fresh_sandbox
from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.reliability]

LOGS = "/slipway/sandbox/web"
SCHEDULE = {
    "nightly": {
        "cron": "30 2 31 1 *",
        "timezone": "Europe/Berlin",
        "command": 'echo "report of $RELEASE_SHA"; exit 3',
        "fleet": "web",
    },
    "hourly": {
        "cron": "5 10,11 31 1 *",
        "command": "echo works; until [ -e {go} ]; do sleep 0.2; done",
        "fleet": "web",
    },
    "weekly": {"cron": "0 5 1 2 *", "command": "echo works; sleep 600", "fleet": "web"},
}


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the hourly work waits for."""
    return tmp_path_factory.mktemp("go") / "go"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, go: Path) -> Iterator[Sandbox]:
    """The shop, with scheduled work and a scheduled size."""
    with fresh_sandbox(tmp_path_factory.mktemp("slipway")) as running:
        file = running.checkout / "Pulumi.sandbox.yaml"
        given = yaml.safe_load(file.read_text())
        work = {name: {**job, "command": job["command"].replace("{go}", str(go))} for name, job in SCHEDULE.items()}
        given["config"]["slipway:schedule"] = work
        web = given["config"]["slipway:fleets"]["web"]
        web["size"] = {"min": 1, "max": 3}
        web["scaling"] = {"schedule": {"day": {"cron": "0 8 1 2 *", "min": 2}}}
        file.write_text(yaml.safe_dump(given))
        yield running


def comes(sandbox: Sandbox, time: str) -> None:
    """For scheduled actions it is that time now."""
    ran = sandbox.shell(f"python -m sandbox calendar {time}")
    assert ran.code == 0, ran.said


def status(sandbox: Sandbox, name: str) -> dict[str, Any]:
    """What `status --json` says of an entry."""
    ran = sandbox.shell("python -m release status --json")
    assert ran.code == 0, ran.said
    (fleet,) = json.loads(ran.said)
    return next(each for each in fleet["schedule"] if each["name"] == name)


def group(sandbox: Sandbox, name: str) -> dict[str, Any]:
    answer = sandbox.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return answer["AutoScalingGroups"][0]


def launches(sandbox: Sandbox, name: str) -> int:
    """How many instances the group has launched, ever."""
    shown = sandbox.client("autoscaling").describe_scaling_activities(AutoScalingGroupName=name)["Activities"]
    return sum(each["Description"].startswith("Launching") for each in shown)


def output(sandbox: Sandbox, stream: str) -> list[str]:
    shown = sandbox.client("logs").filter_log_events(logGroupName=LOGS, logStreamNamePrefix=stream)
    return [each["message"] for each in shown["events"]]


def test_a_job_runs_at_its_time_and_leaves_nothing(sandbox: Sandbox):
    """Once; its output and exit status are known; the group is empty again, and `status` tells of it."""
    ran = sandbox.up()
    assert ran.code == 0, ran.said
    assert status(sandbox, "nightly") == {"name": "nightly", "state": "never", "starting": None}
    name = "slipway-sandbox-job-nightly"
    comes(sandbox, "2026-01-31T01:29:58Z")
    until(lambda: status(sandbox, "nightly")["state"] == "ended", 60)
    told = status(sandbox, "nightly")
    assert (told["exit"], told["reason"]) == (3, "")
    assert output(sandbox, f"schedule/nightly/{told['instance']}") == [f"report of {told['sha']}"]
    until(lambda: not group(sandbox, name)["Instances"], 60)
    assert (group(sandbox, name)["DesiredCapacity"], launches(sandbox, name)) == (0, 1)
    assert "exit 3 after " in sandbox.shell("python -m release status").said


def test_a_time_that_comes_while_a_job_runs_is_left_out(sandbox: Sandbox, go: Path):
    """Never two at once, and none afterwards for the time that passed."""
    name = "slipway-sandbox-job-hourly"
    comes(sandbox, "2026-01-31T10:04:58Z")
    until(lambda: output(sandbox, "schedule/hourly/i-") == ["works"], 60)
    assert group(sandbox, name)["DesiredCapacity"] == 0
    comes(sandbox, "2026-01-31T11:04:58Z")
    until(lambda: group(sandbox, name)["DesiredCapacity"] == 1, 60)
    assert len(group(sandbox, name)["Instances"]) == 1
    go.touch()
    until(lambda: not group(sandbox, name)["Instances"], 60)
    assert status(sandbox, "hourly")["exit"] == 0
    assert (group(sandbox, name)["DesiredCapacity"], launches(sandbox, name)) == (0, 1)


def test_a_job_that_is_lost_midway_is_told_and_not_repeated(sandbox: Sandbox):
    """Its instance is gone; the group stays empty, for the work may have been done in part."""
    name = "slipway-sandbox-job-weekly"
    comes(sandbox, "2026-02-01T04:59:58Z")
    until(lambda: output(sandbox, "schedule/weekly/i-") == ["works"], 60)
    assert status(sandbox, "weekly")["state"] == "running"
    instance = status(sandbox, "weekly")["instance"]
    sandbox.client("ec2").terminate_instances(InstanceIds=[instance])
    until(lambda: not group(sandbox, name)["Instances"], 90)
    assert status(sandbox, "weekly")["state"] == "lost"
    assert (group(sandbox, name)["DesiredCapacity"], launches(sandbox, name)) == (0, 1)


def test_a_scheduled_size_is_no_drift(sandbox: Sandbox):
    """It is said as that; a size that nobody declared is drift."""
    comes(sandbox, "2026-02-01T07:59:58Z")
    until(lambda: group(sandbox, GROUP)["MinSize"] == 2, 60)
    ran = sandbox.shell("python -m release drift")
    assert "scaling.schedule.day" in ran.said
    assert ran.code == 0, ran.said
    sandbox.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP, MaxSize=2)
    assert sandbox.shell("python -m release drift").code == 2
