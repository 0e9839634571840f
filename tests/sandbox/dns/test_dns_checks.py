"""Health checks: what counts as an answer, how many of them change the status, and where it is published."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.balancer.certificate import server_context
from sandbox.dns.config import Config, HealthCheck, LoadBalancer, Record, Zone
from sandbox.dns.endpoints import NOT_CONNECTED, NOT_RESOLVED, Endpoint, endpoint
from sandbox.dns.probe import NO_ANSWER, NO_MATCH, Verdict, probe
from tests.sandbox.dns.world import Endpoint as Serving
from tests.sandbox.dns.world import World
from tests.waiting import until

pytestmark = pytest.mark.sandbox


def check(**more: Any) -> HealthCheck:
    usual: dict[str, Any] = {
        "id": "c",
        "type": "HTTP",
        "fqdn": "site.example.com",
        "ip": "",
        "port": 80,
        "path": "/",
        "search": "",
        "interval": 10.0,
        "threshold": 3,
        "sni": False,
        "inverted": False,
        "disabled": False,
        "children": (),
        "children_needed": 0,
    }
    return HealthCheck(**{**usual, **more})


def asked(wanted: HealthCheck, port: int) -> str:
    return asyncio.run(probe(wanted, Endpoint("127.0.0.1", port)))


@pytest.mark.parametrize("status", [200, 204, 302, 399])
def test_2xx_and_3xx_are_successes(endpoint: Serving, status: int):
    """A redirect is not followed."""
    endpoint.status, endpoint.body = status, b""
    assert asked(check(), endpoint.port).startswith(f"Success: HTTP Status Code {status}")
    assert endpoint.seen == [("site.example.com", "/")]


@pytest.mark.parametrize("status", [400, 404, 503])
def test_other_statuses_are_failures(endpoint: Serving, status: int):
    """And the status says which it was."""
    endpoint.status = status
    assert asked(check(), endpoint.port).startswith(f"Failure: HTTP Status Code {status}")


def test_an_endpoint_that_says_nothing_or_is_not_there_fails_in_time(endpoint: Serving):
    """Two seconds from the connection to the status; nobody listens; and TCP is content with the connection."""
    endpoint.delay.clear()
    began = asyncio.run(_timed(check(), endpoint.port))
    assert began[0] == NO_ANSWER
    assert 1.9 < began[1] < 4
    assert asked(check(type="TCP"), endpoint.port).startswith("Success")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert asked(check(), nobody.getsockname()[1]) == NOT_CONNECTED
        assert asked(check(type="TCP"), nobody.getsockname()[1]) == NOT_CONNECTED


def test_an_endpoint_that_takes_no_connection_fails_after_four_seconds():
    """As one in a region that is gone does: nothing refuses, and nothing answers."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # what comes after the first is left waiting
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        said, took = asyncio.run(_timed(check(type="HTTPS"), full.getsockname()[1]))
    assert said == NOT_CONNECTED
    assert 3.9 < took < 6


async def _timed(wanted: HealthCheck, port: int) -> tuple[str, float]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    return await probe(wanted, Endpoint("127.0.0.1", port)), loop.time() - began


def test_a_searched_string_has_to_be_at_the_beginning_of_the_body(endpoint: Serving):
    """Within the first 5,120 bytes, case and all."""
    wanted = check(type="HTTP_STR_MATCH", search="all well")
    endpoint.body = b"all well"
    assert asked(wanted, endpoint.port).startswith("Success")
    for body in (b"All Well", b"x" * 5120 + b"all well"):
        endpoint.body = body
        assert asked(wanted, endpoint.port) == NO_MATCH


def test_https_verifies_no_certificate_and_names_the_host_as_asked(endpoint: Serving):
    """A self-signed certificate passes; the name is in the handshake only with EnableSNI."""
    names: list[str | None] = []
    context = server_context()
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    endpoint.server.socket = context.wrap_socket(endpoint.server.socket, server_side=True)
    assert asked(check(type="HTTPS", port=443, sni=True), endpoint.port).startswith("Success")
    assert asked(check(type="HTTPS", port=443), endpoint.port).startswith("Success")
    assert names == ["site.example.com", None]
    assert asked(check(), endpoint.port).startswith("Failure")  # plain HTTP to a TLS port
    assert ssl.HAS_SNI


def test_a_run_of_checks_changes_the_status():
    """Healthy at first; three failures in a row change it, and three successes change it back."""
    verdict = Verdict()
    seen: list[bool] = []
    for succeeded in (False, False, True, False, False, False, True, True, False, True, True, True):
        verdict = verdict.after(succeeded, 3)
        seen.append(verdict.healthy)
    assert seen == [True] * 5 + [False] * 6 + [True]


def test_a_balancer_is_asked_at_its_local_port():
    """By its DNS name or by a name that leads to it, port 443 is the local one; what it does not listen on is not."""
    balancer = LoadBalancer(name="127.0.1.1:8443", ports={443: "127.0.1.1:8443"}, healthy=False)
    record = Record(
        name="site.example.com",
        type="A",
        ttl=1,
        values=("127.0.1.1",),
        alias=None,
        set_identifier=None,
        failover=None,
        health_check=None,
    )
    config = Config(zones=(Zone(name="example.com", records=(record,)),), load_balancers=(balancer,))

    def where(**more: Any) -> Endpoint | str:
        return endpoint(config, lambda _: True, check(**more))

    assert where(fqdn="127.0.1.1:8443", port=443) == Endpoint("127.0.1.1", 8443)
    assert where(fqdn="127.0.1.1:8443", port=80) == NOT_CONNECTED
    assert where(port=443) == Endpoint("127.0.1.1", 8443)
    assert where(port=9000) == Endpoint("127.0.1.1", 9000)
    assert where(fqdn="missing.example.com") == NOT_RESOLVED


def test_the_status_is_published(world: World, endpoint: Serving):
    """As AWS/Route53 HealthCheckStatus in us-east-1, 1 and then 0; nothing is said of a check that is gone."""
    world.change(("CREATE", world.record("origin", "A", "127.0.0.1")))
    id_ = world.health_check(world.name("origin"), Port=endpoint.port)
    cloudwatch = world.aws.client("cloudwatch", "us-east-1")

    def lowest() -> list[float]:
        now = datetime.now(timezone.utc)
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/Route53",
            MetricName="HealthCheckStatus",
            Dimensions=[{"Name": "HealthCheckId", "Value": id_}],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=600,
            Statistics=["Minimum"],
        )["Datapoints"]
        return [point["Minimum"] for point in points]

    until(lambda: lowest() == [1.0])
    endpoint.status = 503
    until(lambda: 0.0 in lowest())
    world.route53.delete_health_check(HealthCheckId=id_)
    with pytest.raises(ClientError, match="NoSuchHealthCheck"):
        world.status(id_)


@pytest.mark.parametrize(
    "config", [{"RequestInterval": 20}, {"FailureThreshold": 11}, {"IPAddress": "127.0.0.1"}, {"SearchString": "x"}]
)
def test_settings_that_route_53_refuses(world: World, config: dict[str, Any]):
    """An interval that is neither 10 nor 30, too many failures, an address of this machine, a string to no purpose."""
    with pytest.raises(ClientError, match="InvalidInput"):
        world.health_check("example.com", **config)
