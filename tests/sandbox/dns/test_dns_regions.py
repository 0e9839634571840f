"""Failover between load balancers of two regions, of which one goes dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws.emulator import NOW, Emulator
from tests.aws.fleet import Fleet
from tests.reliability.resolving import request
from tests.sandbox.dns.world import Endpoint, World, both
from tests.sandbox.fake_internal_api import process
from tests.waiting import until

pytestmark = pytest.mark.sandbox

REGIONS = "eu-west-1", "eu-central-1"


class Regional(Emulator):
    """The emulator, as seen from one region."""

    def __init__(self, port: int, region: str) -> None:
        super().__init__(port)
        self.region = region

    def client(self, service: str, region: str = "", config: Config = NOW) -> Any:
        return super().client(service, region or self.region, config)


@dataclass
class Site:
    """A load balancer with an HTTPS listener, and one target."""

    aws: Emulator
    fleet: Fleet
    endpoint: Endpoint

    @property
    def name(self) -> str:
        return str(self.fleet.balancer["DNSName"])

    @property
    def alias(self) -> dict[str, Any]:
        zone = self.fleet.balancer["CanonicalHostedZoneId"]
        return {"HostedZoneId": zone, "DNSName": self.name, "EvaluateTargetHealth": True}

    def healthy(self) -> bool:
        return set(self.fleet.health().values()) == {"healthy"}


def site(aws: Emulator, region: str, endpoint: Endpoint, *, size: int) -> Site:
    """Make a site; with a size of 0 it has no target yet."""
    regional = Regional(aws.port, region)
    fleet = Fleet(regional, zones=1)
    arn = regional.client("acm").request_certificate(DomainName="example.com", ValidationMethod="DNS")["CertificateArn"]
    fleet.elb.create_listener(
        LoadBalancerArn=fleet.balancer["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": fleet.target_group}],
    )
    fleet.create(size=size)
    made = Site(regional, fleet, endpoint)
    if size:
        serve(made)
    return made


def serve(made: Site) -> None:
    """Give the site's instance a port, and wait until the load balancer has found it healthy."""
    instance = until(lambda: made.fleet.instances)[0]["InstanceId"]
    made.aws.post(f"instances/{instance}", {"port": made.endpoint.port})
    until(made.healthy)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An emulator, a DNS server and load balancers of its own, as the test breaks a region."""
    with (
        both(tmp_path) as (aws, port),
        process("-m", "sandbox.balancer", "--endpoint", aws.url, log=tmp_path / "balancer.log"),
    ):
        yield World(aws, port)


def test_the_name_follows_the_region_that_stands_and_comes_back(world: World):
    """Nothing leads to an empty second region; once it has instances, the name leads there while the first is dark."""
    with Endpoint() as one, Endpoint() as two:
        one.body, two.body = b"one", b"two"
        first = site(world.aws, REGIONS[0], one, size=1)
        second = site(world.aws, REGIONS[1], two, size=0)
        check = world.health_check(first.name, Type="HTTPS", Port=443, ResourcePath="/healthz", EnableSNI=True)
        primary: dict[str, Any] = {
            "SetIdentifier": "a",
            "Failover": "PRIMARY",
            "HealthCheckId": check,
            "AliasTarget": first.alias,
        }
        secondary: dict[str, Any] = {"SetIdentifier": "b", "Failover": "SECONDARY", "AliasTarget": second.alias}
        world.change(("CREATE", world.record("www", "A", **primary)), ("CREATE", world.record("www", "A", **secondary)))
        here, there = ([balancer.name.partition(":")[0]] for balancer in (first, second))
        until(lambda: world.status(check).startswith("Success"))
        assert world.ask("www").records == [("A", 60, here[0])]
        ports = {each["name"]: each["ports"] for each in world.aws.get("dns")["load_balancers"]}
        port = int(ports[first.name]["443"].rpartition(":")[2])
        assert request(world.name("www"), here[0], port)[0] == "200"

        world.aws.post("faults", {"dark": [REGIONS[0]]})
        until(lambda: world.status(check).startswith("Failure"))
        assert world.ask("www").values == here  # both are unhealthy: the second region is empty
        second.fleet.scaling.update_auto_scaling_group(AutoScalingGroupName=second.fleet.name, DesiredCapacity=1)
        serve(second)
        until(lambda: world.ask("www").values == there)
        port = int(ports[second.name]["443"].rpartition(":")[2])
        assert request(world.name("www"), there[0], port)[0] == "200"

        world.aws.post("faults", {})
        until(lambda: world.ask("www").values == here)


def test_no_balancer_is_healthy_with_an_empty_group(world: World):
    """Every target group counts, as AWS has it; a group that no listener forwards to does not."""
    with Endpoint() as one:
        made = site(world.aws, REGIONS[0], one, size=1)

        def healthy() -> bool:
            shown = world.aws.get("dns")["load_balancers"]
            return bool(shown[0]["healthy"])

        until(healthy)
        elb, fleet = made.fleet.elb, made.fleet
        vpc = elb.describe_target_groups(TargetGroupArns=[fleet.target_group])["TargetGroups"][0]["VpcId"]
        group = elb.create_target_group(Name="empty", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
        assert healthy()
        elb.create_rule(
            ListenerArn=fleet.listener,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
        )
        assert not healthy()


def test_queries_and_checks_go_on_while_nothing_can_be_written(world: World):
    """Route 53's control plane refuses changes; its data plane answers, and its records follow their health checks."""
    with Endpoint() as one:
        world.change(("CREATE", world.record("origin", "A", "127.0.0.1")))
        check = world.health_check(world.name("origin"), Port=one.port)
        primary: dict[str, Any] = {"SetIdentifier": "a", "Failover": "PRIMARY", "HealthCheckId": check}
        world.change(
            ("CREATE", world.record("www", "A", "192.0.2.1", ttl=1, **primary)),
            ("CREATE", world.record("www", "A", "192.0.2.2", ttl=1, SetIdentifier="b", Failover="SECONDARY")),
        )
        until(lambda: world.status(check).startswith("Success"))
        world.aws.post("faults", {"global_writes": True})
        with pytest.raises(ClientError):
            world.change(("CREATE", world.record("new", "A", "192.0.2.3")))
        one.status = 503
        until(lambda: world.ask("www").values == ["192.0.2.2"])
        assert world.status(check).startswith("Failure")
