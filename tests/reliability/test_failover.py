"""Two stacks in two regions with one domain: the first region goes dark, and the site's name leads to the second."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from infra.balancer.failover import INTERVAL, THRESHOLD
from sandbox.dns.answers import ALIAS_TTL
from sandbox.dns.probe import ANSWER, CONNECT
from tests.engine.conftest import Ran, Sandbox, fresh_sandbox, git
from tests.reliability.resolving import Visitor, outage, request
from tests.sandbox.dns.world import ask
from tests.waiting import until

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(900)]

DOMAIN = "shop.example.test"
REGIONS = {"first": "eu-west-1", "second": "eu-central-1"}
BOUND = INTERVAL * THRESHOLD + (CONNECT + ANSWER) * THRESHOLD + ALIAS_TTL + 10
"""Seconds without service at the most: the health check's checks and their patience, the TTL, and ten to spare."""
SETTINGS = """\
config:
  aws:region: {region}
  slipway:network: {{zones: 2, nat: single}}
  slipway:loadBalancer:
    {{domain: {domain}, hostedZone: {zone}, deletionProtection: false, failover: {failover}, accessLogs: false}}
  slipway:artifacts: {{destroy: true}}
  slipway:fleets:
    web:
      size: {{min: 1, max: 2}}
      health: {{interval: 5, timeout: 2}}
      drain: 1
      bootTimeout: 60
      rollout: {{warmup: 0, bake: 0, timeout: 240}}
{more}"""
POSTURE = "  slipway:recovery: {posture: warm}\n"


@dataclass
class Sites:
    """A sandbox, the hosted zone of the domain, and the two stacks."""

    sandbox: Sandbox
    zone: str
    dns: int

    def configure(self, stack: str, failover: str) -> None:
        """Write the stack's file, with the salt that it has. The second one is kept warm."""
        more = POSTURE if stack == "second" else ""
        file = self.sandbox.checkout / f"Pulumi.{stack}.yaml"
        salt = [line for line in file.read_text().splitlines() if "salt" in line] if file.exists() else []
        text = SETTINGS.format(region=REGIONS[stack], domain=DOMAIN, zone=self.zone, failover=failover, more=more)
        file.write_text(text + "".join(f"{line}\n" for line in salt))

    def pulumi(self, stack: str, command: str) -> Ran:
        return self.run(stack, f"pulumi {command}")

    def run(self, stack: str, command: str) -> Ran:
        """Run a command on a stack, in its region."""
        given = {
            "PULUMI_STACK": stack,
            "AWS_REGION": REGIONS[stack],
            "AWS_DEFAULT_REGION": REGIONS[stack],
            "SLIPWAY_SHA": git(self.sandbox.checkout, "rev-parse", "HEAD"),
            "SLIPWAY_REPOSITORY": str(self.sandbox.checkout),
            "SLIPWAY_DIRECTORY": "examples/shop",
        }
        exported = " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())
        return self.sandbox.shell(f"export {exported} && {command}")

    def up(self, stack: str, posture: str = "") -> Ran:
        given = f"SLIPWAY_POSTURE={posture} " if posture else ""
        return self.run(stack, f"{given}pulumi up --yes --skip-preview --non-interactive")

    def addresses(self) -> list[str]:
        """What the domain leads to."""
        return ask(self.dns, DOMAIN).values

    def ports(self) -> dict[str, int]:
        """The local port that stands for 443, by the address of a load balancer."""
        told = self.sandbox.shell(
            'curl --silent --fail --header "Authorization: Bearer $AWS_SECRET_ACCESS_KEY" '
            "$AWS_ENDPOINT_URL/_sandbox/dns"
        )
        assert told.code == 0, told.said
        listeners = [each["ports"]["443"].partition(":") for each in json.loads(told.said)["load_balancers"]]
        return {address: int(port) for address, _, port in listeners}

    def visit(self) -> tuple[str, str]:
        """Ask for a page where the domain leads to now."""
        [address] = self.addresses()
        return request(DOMAIN, address, self.ports()[address])

    def records(self) -> set[tuple[str, str, str]]:
        """The type, set identifier and role of each record of the zone that a stack made."""
        pages = (
            self.sandbox.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.zone)
        )
        return {
            (record["Type"], record.get("SetIdentifier", ""), record.get("Failover", ""))
            for page in pages
            for record in page["ResourceRecordSets"]
            if record["Type"] in ("A", "CNAME")
        }

    def fault(self, what: str) -> None:
        ran = self.sandbox.run("python", "-m", "sandbox", "fault", *what.split())
        assert ran.code == 0, ran.said


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """The sandbox, with a zone and two empty stacks."""
    with fresh_sandbox(tmp_path_factory.mktemp("failover")) as sandbox:
        started = sandbox.run("python", "-m", "sandbox", "start")
        assert started.code == 0, started.said
        made = sandbox.client("route53").create_hosted_zone(Name="example.test", CallerReference="1")["HostedZone"]
        told: dict[str, Any] = json.loads(sandbox.run("python", "-m", "sandbox", "status", "--json").said)
        found = Sites(sandbox, made["Id"].rpartition("/")[2], told["ports"]["dns"])
        (sandbox.checkout / ".sandbox" / "pulumi").mkdir(exist_ok=True)
        for stack in REGIONS:
            created = sandbox.shell(f"pulumi stack init {stack}")
            assert created.code == 0, created.said
        yield found


def test_a_stack_changes_over_to_failover_and_another_joins_it(sites: Sites):
    """The simple record is in the way of the second stack, which is told so, until the first one has changed over."""
    sites.configure("first", "none")
    ran = sites.up("first")
    assert ran.code == 0, ran.said
    assert sites.records() == {("CNAME", "", ""), ("A", "", "")}
    before = until(sites.addresses)
    sites.configure("second", "secondary")
    refused = sites.pulumi("second", "preview --non-interactive")
    assert refused.code != 0
    assert "has a record without failover" in refused.said
    sites.configure("first", "primary")
    ran = sites.up("first")
    assert ran.code == 0, ran.said
    assert sites.records() == {("CNAME", "", ""), ("A", "first", "PRIMARY")}
    ran = sites.up("second")
    assert ran.code == 0, ran.said
    assert sites.records() == {("CNAME", "", ""), ("A", "first", "PRIMARY"), ("A", "second", "SECONDARY")}
    until(lambda: sites.addresses() == before)
    assert sites.visit()[0] == "200"


def test_a_second_primary_stack_is_refused(sites: Sites):
    """While planning, with the name of the stack that has the record."""
    sites.configure("second", "primary")
    refused = sites.pulumi("second", "preview --non-interactive")
    sites.configure("second", "secondary")
    assert refused.code != 0
    assert f"{DOMAIN} has a primary record already, of the stack first" in refused.said
    assert "Traceback" not in refused.said


def measured(sites: Sites, act: Callable[[], object], seconds: float) -> float:
    """Darken the first region, act, and return the seconds for which a visitor is without the site."""
    first = sites.addresses()
    visitor = Visitor(DOMAIN, sites.dns, sites.ports())
    try:
        until(lambda: len(visitor.answers) >= 5)
        sites.fault("region eu-west-1")
        act()
        until(lambda: visitor.answers[-1].served and visitor.answers[-1].address not in first, seconds=seconds)
    finally:
        answers = visitor.end()
        sites.fault("clear")
    assert all(answer.served for answer in answers[:4])
    until(lambda: sites.addresses() == first, seconds=BOUND)
    return outage(answers)


def test_the_name_leads_to_the_second_region_while_the_first_is_dark(sites: Sites):
    """Nothing is edited; a visitor who keeps the records' TTL is without the site for no longer than BOUND."""
    lost = measured(sites, lambda: None, BOUND + 30)
    print(f"FIGURE failover, warm: {lost:.0f} s without service, {BOUND:.0f} s at the most")
    assert 0 < lost <= BOUND


def test_from_pilot_light_the_name_leads_there_once_it_is_activated(sites: Sites):
    """Without instances the second region is no place to lead to; with them it is, and no record was touched."""
    ran = sites.up("second", posture="pilot-light")
    assert ran.code == 0, ran.said
    first, before = sites.addresses(), sites.records()
    took: list[float] = []

    def activate() -> None:
        began = time.monotonic()
        activated = sites.run("second", "python -m release activate --posture warm")
        assert activated.code == 0, activated.said
        took.append(time.monotonic() - began)

    assert first == sites.addresses()
    lost = measured(sites, activate, BOUND + 90)
    print(f"FIGURE failover, pilot light: {lost:.0f} s without service, {took[0]:.0f} s of them to activate")
    assert 0 < lost <= BOUND + took[0]
    assert sites.records() == before


def test_what_is_destroyed_takes_nothing_of_the_other(sites: Sites):
    """The record that proves the domain stays, and so does the other stack's address record."""
    ended = sites.pulumi("first", "destroy --yes --skip-preview --non-interactive")
    assert ended.code == 0, ended.said
    assert sites.records() == {("CNAME", "", ""), ("A", "second", "SECONDARY")}
    assert sites.sandbox.client("route53").list_health_checks()["HealthChecks"] == []
    assert sites.visit()[0] == "200"
