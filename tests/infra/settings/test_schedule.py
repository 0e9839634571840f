"""What happens at certain times: which expressions are taken, and what has to agree with the fleets."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import SettingsError, parse

NIGHTLY = {"cron": "30 2 * * *", "command": "bin/report", "fleet": "web"}


def parsed(**changes: object) -> Any:
    return parse(
        {"loadBalancer": {"http": True}, "fleets": {"web": None}, **changes}, "prod", {"AWS_REGION": "eu-west-1"}
    )


def problem(**changes: object) -> str:
    """The one thing that is wrong."""
    with pytest.raises(SettingsError) as caught:
        parsed(**changes)
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize(
    "cron", ["* * * * *", "*/15 0-6,22 1 1,7 *", "0  8 * *  1-5", "0 0 30 2 1", "5-59/10 3 29 2 *"]
)
def test_five_fields_of_numbers_are_taken(cron: str):
    """Ranges, steps and lists; the spaces between fields do not matter; a day of the week makes up for the date."""
    job = parsed(schedule={"nightly": {**NIGHTLY, "cron": cron}}).schedule["nightly"]
    assert job.cron == " ".join(cron.split())


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("30 2 * *", "has 4"),
        ("0 30 2 * * *", "has 6"),
        ("@daily", "has 1"),
        ("60 2 * * *", "goes from 0 to 59"),
        ("0 2 0 * *", "goes from 1 to 31"),
        ("0 2 * * 7", "0 is Sunday"),
        ("0 2 * * MON", "'MON'"),
        ("0 2 ? * 1", "'?'"),
        ("0 2 L * *", "'L'"),
        ("5/10 * * * *", "needs * or a range"),
        ("*/0 * * * *", "goes from 0 to 59"),
        ("9-5 * * * *", "goes from 0 to 59"),
        ("0 0 31 2,4 *", "never comes"),
    ],
)
def test_what_auto_scaling_would_not_take_is_refused(cron: str, why: str):
    """Other dialects' letters and fields, values out of range, and days that never come."""
    said = problem(schedule={"nightly": {**NIGHTLY, "cron": cron}})
    assert said.startswith("schedule.nightly.cron: ")
    assert why in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schedule": {"x": {**NIGHTLY, "fleet": "api"}}}, "schedule.x.fleet: must be one of the stack's fleets (web)"),
        ({"schedule": {"x": {**NIGHTLY, "timezone": "Mars/Olympus"}}}, "schedule.x.timezone: is no time zone"),
        ({"schedule": {"x": {**NIGHTLY, "timeout": 59}}}, "schedule.x.timeout: must be 60 to 86400"),
        ({"schedule": {"UP": NIGHTLY}}, "must be named with"),
        (
            {"schedule": {"x": NIGHTLY}, "fleets": {"web": None, "job-x": {"routes": {"paths": ["/x"]}}}},
            "schedule.x: needs the name of the group of fleet job-x",
        ),
    ],
)
def test_work_that_could_not_run_is_refused(changes: dict[str, Any], said: str):
    """No such fleet, no such zone, a name that is taken."""
    assert said in problem(**changes)


def sizes(**schedule: object) -> dict[str, Any]:
    return {"fleets": {"web": {"size": {"min": 3, "max": 9}, "scaling": {"schedule": schedule}}}}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "needs one of min, max or desired"),
        ({"max": 10}, "day.max: must be at most size.max (9)"),
        ({"min": 5, "max": 4}, "day.max: must be at least min (5)"),
        ({"desired": 2}, "day.desired: must be at least size.min, is 2; set min too"),
        ({"max": 2}, "day.min: missing"),
        ({"min": 1, "max": 4, "desired": 5}, "day.desired: must be at most max (4)"),
    ],
)
def test_sizes_that_aws_would_refuse_when_they_are_due_are_refused_before(entry: dict[str, int], said: str):
    """What would fail at night, with nobody there."""
    assert said in problem(**sizes(day={"cron": "0 8 * * 1-5", **entry}))


def test_two_sizes_at_one_time_are_refused():
    """Nobody knows which of them would stay."""
    entry = {"cron": "0 8 * * *", "min": 4}
    assert "comes at the same time as scaling.schedule.a" in problem(**sizes(a=entry, b={**entry, "min": 5}))
    parsed(**sizes(a=entry, b={**entry, "min": 5, "timezone": "Europe/Berlin"}))


def test_an_encrypted_command_is_refused():
    """User data would show it."""
    mapping = {"loadBalancer": {"http": True}, "fleets": {"web": None}, "schedule": {"x": NIGHTLY}}
    with pytest.raises(SettingsError, match=r"schedule\.x\.command: is encrypted"):
        parse(mapping, "prod", {"AWS_REGION": "eu-west-1"}, encrypted=["schedule.x.command"])
