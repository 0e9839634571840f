"""What keeps failover from working, found in the settings."""

from __future__ import annotations

import pytest

from infra.balancer.failover import asked_path
from infra.settings import SettingsError, parse

REGION = {"AWS_REGION": "eu-west-1"}
DOMAIN = {"domain": "shop.example.com", "hostedZone": "Z0123456789"}


def problems(role: str, **fleets: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse({"loadBalancer": {**DOMAIN, "failover": role}, "fleets": fleets}, "prod", REGION)
    return list(caught.value.problems)


def test_the_health_check_needs_a_fleet_that_takes_everything():
    """By no host, as it knows the balancer's own name only; the secondary stack has no health check."""
    hosts = {"web": {"routes": {"hosts": ["shop.example.com"]}}}
    [problem] = problems("primary", **hosts)
    assert problem.startswith("loadBalancer.failover: needs a fleet that takes everything")
    parse({"loadBalancer": {**DOMAIN, "failover": "secondary"}, "fleets": hosts}, "prod", REGION)


def test_its_path_must_reach_that_fleet():
    """Another fleet that takes the path would be asked instead; one on a host of its own is not in the way."""
    api = {"routes": {"paths": ["/heal*"]}}
    [problem] = problems("primary", web=None, api=api)
    assert problem.startswith("fleets.api.routes.paths: /heal* takes /healthz")
    hosted = {"routes": {"paths": ["/heal*"], "hosts": ["api.example.com"]}}
    settings = parse(
        {"loadBalancer": {**DOMAIN, "failover": "primary"}, "fleets": {"web": None, "api": hosted}}, "prod", REGION
    )
    assert asked_path(settings.fleets) == "/healthz"


@pytest.mark.parametrize("codes", ["200,404", "200-401", "401"])
def test_what_the_balancer_takes_for_healthy_is_so_for_route_53(codes: str):
    """A check of Route 53 succeeds by 2xx and 3xx alone."""
    [problem] = problems("primary", web={"health": {"codes": codes}})
    assert problem.startswith("fleets.web.health.codes: must be from 200 to 399")


@pytest.mark.parametrize("role", ["primary", "secondary"])
def test_a_fleet_that_may_be_empty_would_take_the_whole_balancer_out(role: str):
    """Every target group counts, the empty ones too."""
    [problem] = problems(role, web=None, jobs={"size": {"min": 0}, "routes": {"paths": ["/jobs/*"]}})
    assert problem.startswith("fleets.jobs.size.min: must be at least 1")


def test_more_routes_than_a_balancer_takes_are_told_as_without_failover():
    """One problem for each mistake, and no failure of the check itself."""
    many = [f"/{number:04}" for number in range(101)]
    found = problems("primary", web=None, api={"routes": {"paths": many}})
    assert any("a load balancer takes 100" in problem for problem in found)
