"""What the program declares for scheduled work and sizes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from infra.settings import parse
from release import names
from tests.infra.program import Program, run

REGION = {"AWS_REGION": "eu-west-1"}
NIGHTLY = {"cron": "30 2 * * *", "timezone": "Europe/Berlin", "command": "bin/report --all", "fleet": "web"}


def declare(stack: str = "prod", **mapping: Any) -> Program:
    return run(parse({"loadBalancer": {"http": True}, "fleets": {"web": None}, **mapping}, stack, REGION))


def test_scheduled_work_is_a_group_that_is_empty_until_its_time():
    """At most one instance, made by the schedule alone; the fleet's role may empty that group, and no other."""
    program = declare(schedule={"nightly": NIGHTLY})
    group = program.of("autoscaling/group")["job-nightly-group"]
    assert (group["name"], group["minSize"], group["maxSize"]) == ("slipway-prod-job-nightly", 0, 1)
    assert not group.get("suspendedProcesses")
    tags = {tag["key"]: tag["value"] for tag in group["tags"]}
    assert tags[names.JOB_TAG] == "nightly"
    assert names.FLEET_TAG not in tags
    action = program.of("autoscaling/schedule")["job-nightly-schedule"]
    assert (action["recurrence"], action["timeZone"]) == ("30 2 * * *", "Europe/Berlin")
    assert (action["minSize"], action["maxSize"], action["desiredCapacity"]) == (-1, -1, 1)
    (statement,) = json.loads(program.of("iam/rolePolicy")["job-nightly-policy"]["policy"])["Statement"]
    assert statement["Resource"].endswith("/slipway-prod-job-nightly")
    template = program.of("ec2/launchTemplate")["job-nightly-launch-template"]
    told = base64.b64decode(template["userData"]).decode()
    assert "COMMAND='bin/report --all'" in told
    assert "GROUP=slipway-prod-job-nightly" in told
    assert "LOG_GROUP=/slipway/prod/web" in told


@pytest.mark.parametrize(
    ("stack", "posture"), [("dr", "warm"), ("dr", "pilot-light"), (names.drill_stack("dr"), "active")]
)
def test_what_stands_by_and_what_is_drilled_does_no_scheduled_work(stack: str, posture: str):
    """The groups are there, so that the stack can be activated without Pulumi; their actions are suspended."""
    program = declare(stack, schedule={"nightly": NIGHTLY}, recovery={"posture": posture})
    assert program.of("autoscaling/group")["job-nightly-group"]["suspendedProcesses"] == ["ScheduledActions"]


def test_scheduled_sizes_are_actions_of_the_fleets_group():
    """What is not given stays as it is."""
    schedule = {"day": {"cron": "0 8 * * 1-5", "min": 5}, "night": {"cron": "0 20 * * *", "min": 3, "desired": 3}}
    program = declare(fleets={"web": {"scaling": {"schedule": schedule}}})
    found = program.of("autoscaling/schedule")
    shown = {name: (each["minSize"], each["maxSize"], each["desiredCapacity"]) for name, each in found.items()}
    assert shown == {"web-schedule-day": (5, -1, -1), "web-schedule-night": (3, -1, 3)}


def test_without_a_schedule_there_is_nothing_of_it():
    """No group, no action, no right."""
    program = declare()
    assert not program.of("autoscaling/schedule")
    assert set(program.of("autoscaling/group")) == {"web-group"}
    assert not [name for name in program.of("iam/rolePolicy") if "job" in name]
