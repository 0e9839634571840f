"""What a fleet without a balancer may be told, and how the rest is refused."""

from __future__ import annotations

import pytest

from infra.fleet import alarm_times
from infra.settings import parse
from infra.settings.fleet import FleetSettings
from tests.infra.settings.test_settings import REGION, given_with, problems


def worker(**changes: object) -> FleetSettings:
    """A fleet of workers beside the fleet web."""
    return parse(given_with(fleets__jobs={"routes": "none", **changes}), "prod", REGION).fleets["jobs"]


def test_workers_take_no_requests_and_have_alarms_of_their_own():
    """Without a word more than `routes: none`."""
    fleet = worker()
    assert not fleet.balanced
    assert (fleet.restarts, alarm_times.kinds(fleet), fleet.scaling.cpu) == (5, ("restarts",), 60)
    assert alarm_times.kinds(worker(alarms={"restarts": 0})) == ()
    settings = parse(given_with(fleets__jobs={"routes": "none"}), "prod", REGION)
    assert (list(settings.balanced), settings.balanced["web"].restarts) == (["web"], 0)


def test_a_metric_of_ones_own_ends_rollouts_of_any_fleet():
    """Its comparison and statistic have defaults."""
    metric = {"namespace": "AWS/SQS", "name": "Visible", "dimensions": {"QueueName": "dead"}, "threshold": 0}
    fleet = worker(alarms={"metric": metric})
    assert alarm_times.kinds(fleet) == ("restarts", "metric")
    assert fleet.alarms.metric
    assert (fleet.alarms.metric.statistic, fleet.alarms.metric.comparison) == ("Sum", ">")
    web = parse(given_with(fleets__web__alarms__metric=metric), "prod", REGION).fleets["web"]
    assert alarm_times.kinds(web) == ("errors", "unhealthy", "metric")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"port": 8081}, "port: has no effect with routes: none: nothing connects to a worker; remove it"),
        ({"health": {"path": "/up"}}, "health.path: has no effect with routes: none: nothing asks a worker by HTTP"),
        ({"health": {"codes": "200"}}, "health.codes: has no effect with routes: none"),
        ({"scaling": {"requestsPerTarget": 9}}, "scaling.requestsPerTarget: has no effect with routes: none"),
        ({"alarms": {"errorRate": 5}}, "alarms.errorRate: has no effect with routes: none"),
        ({"alarms": {"unhealthyHosts": True}}, "alarms.unhealthyHosts: has no effect with routes: none"),
        ({"alarms": {"latency": 1}}, "alarms.latency: has no effect with routes: none"),
        ({"bootTimeout": 60, "health": {"interval": 30}}, "bootTimeout: must be more than 75 seconds, for a worker"),
        ({"rollout": {"bake": 100}}, "rollout.bake: must be at least 240 seconds, for alarms.restarts takes as long"),
        ({"alarms": {"metric": {"name": "x", "threshold": 1}}}, "alarms.metric.namespace: missing"),
        ({"routes": "nowhere"}, "routes: must be a mapping of settings, or none, is the text 'nowhere'"),
    ],
)
def test_what_is_about_requests_is_refused(changes: dict[str, object], says: str):
    """Each with the setting, why, and what to do instead."""
    said = problems(given_with(fleets__jobs={"routes": "none", **changes}))
    assert len(said) == 1
    assert said[0].startswith(f"fleets.jobs.{says}")


def test_what_is_about_workers_is_refused_elsewhere():
    """It would do nothing."""
    assert problems(given_with(fleets__web={"health": {"command": "true"}, "alarms": {"restarts": 3}})) == [
        "fleets.web.health.command: has no effect without routes: none: the balancer judges the fleet, by health.path; "
        "remove it",
        "fleets.web.alarms.restarts: has no effect without routes: none: the balancer judges the fleet, by "
        "alarms.errorRate and unhealthyHosts; remove it",
    ]


def test_a_stack_of_workers_alone_is_refused():
    """Its balancer would lead nowhere."""
    [said] = problems(given_with(fleets__web={"routes": "none"}))
    assert said.startswith("fleets: need one at least that requests reach")
