"""What a rollout's times have to be, given the fleet's size and alarms."""

from __future__ import annotations

import pytest
import yaml

from infra.fleet import alarm_times
from infra.fleet.alarms import ANSWERS, RATE, UNANSWERED
from infra.settings import parse
from sandbox.aws.cloudwatch.metric_math import evaluate
from tests.infra.settings.test_settings import REGION, ROOT, given_with, problems, web


def test_the_default_timeout_follows_the_fleet():
    """Nine in one go end in half an hour; nineteen, of which 10 % is one, do not."""
    assert web().rollout.timeout == 1800
    assert web(size={"max": 40}, rollout={"maxHealthyPercentage": 110}).rollout.timeout == 19 * 450 + 240
    canary = {"maxHealthyPercentage": 150, "checkpoints": [10, 100], "checkpointDelay": 3600}
    assert web(size={"min": 10, "max": 10}, rollout=canary).rollout.timeout == 3 * 450 + 3600 + 240


def test_a_timeout_that_is_too_small_is_told_with_the_figures():
    """It is size.max that counts: the group may have grown to it."""
    asked = {"maxHealthyPercentage": 110, "timeout": 1800}
    assert problems(given_with(fleets__web__size={"max": 40}, fleets__web__rollout=asked)) == [
        "fleets.web.rollout.timeout: must be more than bootTimeout, warmup, bake and the pauses at checkpoints "
        "together take (6510 s: 19 x (300 + 30) + 240; a fleet of up to size.max, 40, needs up to 19 batches, as one "
        "of 19 that are replaced 1 at a time), is 1800; leave it out for the default, or raise "
        "rollout.maxHealthyPercentage"
    ]
    asked["timeout"] = 7000
    assert web(size={"max": 40}, rollout=asked).rollout.timeout == 7000


def test_a_fleet_that_no_timeout_would_do_for_is_told_so():
    """Ten thousand instances one by one take longer than AWS waits."""
    [said] = problems(given_with(fleets__web__size={"max": 10_000}, fleets__web__rollout={"maxHealthyPercentage": 100}))
    assert said.startswith("fleets.web.rollout.timeout: ")
    assert "raise rollout.maxHealthyPercentage" in said


@pytest.mark.parametrize(
    ("alarms", "enough"),
    [
        ({}, 240),
        ({"unhealthyHosts": False}, 120),
        ({"unhealthyHosts": False, "latency": 1}, 180),
        ({"latency": 1}, 240),
    ],
)
def test_a_bake_outlasts_the_alarm_that_is_to_end_it(alarms: dict[str, object], enough: int):
    """One second less is a problem, with both figures; none at all is a decision."""
    for bake in (0, enough):
        assert web(alarms=alarms, rollout={"bake": bake, "timeout": 1800}).rollout.bake == bake
    for bake in (1, enough - 1):
        [said] = problems(given_with(fleets__web__alarms=alarms, fleets__web__rollout={"bake": bake}))
        assert said.startswith(f"fleets.web.rollout.bake: must be at least {enough} seconds, for alarms.")
        assert f"is {bake}" in said


def test_the_default_bake_is_enough_for_every_alarm():
    """Whatever alarms a fleet has."""
    assert web(alarms={"latency": 1}).rollout.bake >= max(alarm_times.seconds(kind) for kind in alarm_times.EVALUATIONS)


@pytest.mark.parametrize("name", ["prod", "sandbox"])
def test_our_own_stack_files_keep_to_it(name: str):
    """What is shown as an example is legal."""
    config = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]
    given = {key.removeprefix("slipway:"): value for key, value in config.items() if key.startswith("slipway:")}
    assert parse(given, name, REGION).fleets


def rate(**counts: float) -> float | None:
    """The error rate of a minute in which the metrics had those values; the others had none, as of counts of zero."""
    known = {key: counts.get(key) for key in ("requests", "own", *ANSWERS)}
    return evaluate(RATE, {**known, "unanswered": evaluate(UNANSWERED, known)})


@pytest.mark.parametrize(
    ("counts", "percent"),
    [
        ({"requests": 100, "ok": 90, "errors": 10}, 10),
        ({"requests": 100, "own": 100}, 100),
        ({"requests": 100, "ok": 50, "errors": 10, "own": 40}, 50),
        ({"requests": 100, "ok": 100}, 0),
        ({"requests": 100, "ok": 60, "elsewhere": 20, "refused": 20, "own": 500}, 0),  # another fleet's
        ({"requests": 100, "ok": 90, "own": 500}, 10),  # ten of those at most are this fleet's
        ({"requests": 100, "ok": 40}, 0),  # WebSockets, which have no answer to count
        ({"requests": 50, "ok": 70, "errors": 5}, 10),  # answers to the requests of the minute before
        ({"requests": 19, "own": 19}, 0),
        ({"own": 500}, None),
    ],
)
def test_the_error_rate_counts_what_the_balancer_answers_in_a_fleets_stead(
    counts: dict[str, float], percent: float | None
):
    """A 502 is of the fleet whose target was asked, though AWS counts it for the balancer as a whole."""
    assert rate(**counts) == percent
