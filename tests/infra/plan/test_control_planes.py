"""Where IAM or Route 53 take no writes, a stack that has yet to be made is refused before anything is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from infra.plan import control_planes
from infra.settings import Settings, parse
from release.rollout.observed import DeployedFleet, Group

REGION = "eu-central-1"


def settings(**balancer: object) -> Settings:
    given = {"loadBalancer": balancer or {"http": True}, "fleets": {"web": None, "api": {"routes": {"paths": ["/a"]}}}}
    return parse(given, "dr", {"AWS_REGION": REGION})


def there(*fleets: str) -> list[DeployedFleet]:
    group = Group(name="g", desired=0, template=None, instances=())
    return [DeployedFleet(name=name, group=group, store="", log_group="") for name in fleets]


def answers(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "UntagRole")


def raising(error: Exception) -> Callable[..., None]:
    def ask(*_: object) -> None:
        raise error

    return ask


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (answers("ServiceUnavailable", 503), "ServiceUnavailable"),
        (answers("ServiceFailure", 500), "ServiceFailure"),
        (ConnectTimeoutError(endpoint_url="https://iam"), "Connect timeout"),
        (ReadTimeoutError(endpoint_url="https://iam"), "Read timeout"),
        (answers("NoSuchEntity", 404), ""),
        (answers("AccessDenied", 403), ""),
        (answers("Throttling", 400), ""),
    ],
)
def test_what_says_that_a_control_plane_is_down(error: Exception, why: str):
    """Only silence or an error of its own: whatever else it answers, it takes writes."""
    found = control_planes.unavailable(raising(error))
    assert found.startswith(why)
    assert bool(found) == bool(why)


def test_the_refusal_names_what_needs_it_and_what_does_not(monkeypatch: pytest.MonkeyPatch):
    """Roles of the fleets that are not there yet, and where the plane is, and the way around."""
    monkeypatch.setattr(control_planes, "_iam", raising(answers("ServiceUnavailable", 503)))
    [problem] = control_planes.problems(settings(), there("api"))
    assert problem.startswith("IAM takes no writes now (ServiceUnavailable), and the roles of its instances (")
    assert "(slipway-dr-web-eu-central-1) have yet to be made" in problem
    assert "in us-east-1, for all regions. Nothing was changed." in problem
    assert "pilot-light or warm" in problem


def test_records_need_route_53(monkeypatch: pytest.MonkeyPatch):
    """Each plane that is down is named; without a domain, Route 53 is not asked."""
    down = raising(answers("ServiceUnavailable", 503))
    monkeypatch.setattr(control_planes, "_route53", down)
    monkeypatch.setattr(control_planes, "_iam", raising(answers("NoSuchEntity", 404)))
    domain = {"domain": "shop.test", "hostedZone": "Z0123456789"}
    [problem] = control_planes.problems(settings(**domain), [])
    assert problem.startswith("Route 53 takes no writes now (ServiceUnavailable), and the records of shop.test have")
    assert control_planes.problems(settings(), []) == []
    monkeypatch.setattr(control_planes, "_iam", down)
    assert [each.split(" takes")[0] for each in control_planes.problems(settings(**domain), [])] == ["IAM", "Route 53"]


def test_a_stack_that_stands_asks_nothing(monkeypatch: pytest.MonkeyPatch):
    """Pilot light and warm come up without the global control planes."""
    for name in ("_iam", "_route53"):
        monkeypatch.setattr(control_planes, name, raising(AssertionError("asked")))
    assert control_planes.problems(settings(domain="shop.test", hostedZone="Z0123456789"), there("web", "api")) == []
