"""Failover records: which one is answered, by their health checks and by the health of load balancers."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.dns.answers import answer
from sandbox.dns.config import Config, parse
from tests.sandbox.dns.world import Endpoint, World
from tests.waiting import until

pytestmark = pytest.mark.sandbox

ALB = {"name": "127.0.1.1:8443", "ports": {"443": "127.0.1.1:8443"}, "healthy": True}


def record(role: str | None, **more: Any) -> dict[str, Any]:
    plain = {
        "name": "www.example.com.",
        "type": "A",
        "ttl": 60,
        "values": [],
        "alias": None,
        "set_identifier": role,
        "failover": role,
        "health_check": None,
    }
    return {**plain, **more}


def config(*records: dict[str, Any], balancers: list[dict[str, Any]] | None = None) -> Config:
    soa = record(None, name="example.com.", type="SOA", values=["ns. root. 1 7200 900 1209600 86400"])
    zones = [{"id": "Z1", "name": "example.com.", "records": [soa, *records]}]
    return parse({"zones": zones, "health_checks": [], "load_balancers": balancers or []})


def alias(name: str, *, evaluate: bool = True) -> dict[str, Any]:
    return {"alias": {"name": name, "evaluate": evaluate}, "ttl": None}


@pytest.mark.parametrize(
    ("primary", "secondary", "chosen"),
    [(True, True, "192.0.2.1"), (False, True, "192.0.2.2"), (True, False, "192.0.2.1"), (False, False, "192.0.2.1")],
)
def test_the_secondary_record_counts_only_while_it_alone_is_healthy(primary: bool, secondary: bool, chosen: str):
    """Both unhealthy: the primary one, as ResourceRecordSet in the API reference has it."""
    zones = config(
        record("PRIMARY", values=["192.0.2.1"], health_check="first"),
        record("SECONDARY", values=["192.0.2.2"], health_check="second"),
    )
    status = {"first": primary, "second": secondary}
    assert [line.value for line in answer(zones, status.__getitem__, "www.example.com", "A").lines] == [chosen]


@pytest.mark.parametrize(
    ("check", "target", "secondary", "chosen"),
    [
        (True, True, True, "127.0.1.1"),
        (False, True, True, "127.0.1.2"),
        (True, False, True, "127.0.1.2"),
        (False, True, False, "127.0.1.1"),
        (False, False, False, "127.0.1.1"),
    ],
)
def test_an_alias_is_as_healthy_as_its_check_and_its_balancer(check: bool, target: bool, secondary: bool, chosen: str):
    """Both count for the primary one; the secondary one has no check, and is as healthy as its balancer."""
    zones = config(
        record("PRIMARY", health_check="first", **alias("127.0.1.1:8443.")),
        record("SECONDARY", **alias("dualstack.127.0.1.2:8443")),
        balancers=[
            {**ALB, "healthy": target},
            {"name": "127.0.1.2:8443", "ports": {"443": "127.0.1.2:8443"}, "healthy": secondary},
        ],
    )
    [line] = answer(zones, lambda _: check, "www.example.com", "A").lines
    assert (line.value, line.ttl) == (chosen, 60)


def test_an_alias_of_a_record_answers_as_that_does_and_one_of_nothing_is_empty():
    """Its values and its TTL; where the balancer is gone, there is no address; AAAA there is none."""
    zones = config(
        record(None, **alias("other.example.com")),
        record(None, name="other.example.com", ttl=5, values=["192.0.2.5"]),
        record(None, name="gone.example.com", **alias("127.0.1.9:8443")),
        record(None, name="balanced.example.com", **alias("127.0.1.1:8443")),
        balancers=[ALB],
    )
    [line] = answer(zones, lambda _: True, "www.example.com", "A").lines
    assert (line.name, line.value, line.ttl) == ("www.example.com", "192.0.2.5", 5)
    for name, type_ in (("gone.example.com", "A"), ("balanced.example.com", "AAAA")):
        empty = answer(zones, lambda _: True, name, type_)
        assert (empty.code, empty.lines, [line.type for line in empty.authority]) == ("NOERROR", (), ["SOA"])


def test_one_without_a_counterpart_is_answered_whatever_its_health():
    """Nothing else could be."""
    for role in ("PRIMARY", "SECONDARY"):
        zones = config(record(role, values=["192.0.2.1"], health_check="first"))
        assert answer(zones, lambda _: False, "www.example.com", "A").lines


def test_the_record_follows_its_health_check_and_comes_back(world: World, endpoint: Endpoint):
    """Asked for real: the primary endpoint answers 500, the secondary record takes over, and gives back."""
    world.change(("CREATE", world.record("origin", "A", "127.0.0.1")))
    check = world.health_check(world.name("origin"), Port=endpoint.port, ResourcePath="/up?deep=1")
    world.change(
        (
            "CREATE",
            world.record("www", "A", "192.0.2.1", ttl=1, Failover="PRIMARY", SetIdentifier="a", HealthCheckId=check),
        ),
        ("CREATE", world.record("www", "A", "192.0.2.2", ttl=1, Failover="SECONDARY", SetIdentifier="b")),
    )
    until(lambda: world.status(check).startswith("Success: HTTP Status Code 200"))
    assert world.ask("www").values == ["192.0.2.1"]
    assert (f"{world.name('origin')}:{endpoint.port}", "/up?deep=1") in endpoint.seen
    endpoint.status = 500
    until(lambda: world.ask("www").values == ["192.0.2.2"])
    assert world.status(check).startswith("Failure: HTTP Status Code 500")
    endpoint.status = 302
    until(lambda: world.ask("www").values == ["192.0.2.1"])
