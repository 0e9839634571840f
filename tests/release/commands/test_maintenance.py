"""`maintenance`, as people meet it, on a balancer with two fleets."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.plan import lookup
from release import names
from release.__main__ import main
from release.clients import client
from release.maintenance.balancer import Balancer
from release.maintenance.page import Page
from release.store.ledger import Event, Ledger
from tests.release.conftest import REGION

pytestmark = pytest.mark.sandbox


@pytest.fixture
def stack(bucket: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stack of this test's own: its ledger, and its balancer with a fleet for /api/* and one for the rest."""
    name = f"s{abs(hash(request.node.nodeid)) % 10**9}"
    for variable, value in {"SLIPWAY_BUCKET": bucket, "SLIPWAY_BY": "alex", "PULUMI_STACK": name}.items():
        monkeypatch.setenv(variable, value)
    known = Event(
        at=datetime.now(timezone.utc), by="alex", stack=name, fleet="web", action="deploy", sha="a" * 40,
        digest="d" * 64, outcome="succeeded",
    )  # fmt: skip
    Ledger(bucket, client("s3")).record(known)
    ec2, elb = boto3.client("ec2"), boto3.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    made = elb.create_load_balancer(Name=names.balancer_name(name), Subnets=subnets)["LoadBalancers"][0]
    web, api = [
        elb.create_target_group(
            Name=names.target_group_name(name, fleet, 8080), Protocol="HTTP", Port=8080, VpcId=vpc,
            HealthCheckPath="/health",
        )["TargetGroups"][0]["TargetGroupArn"]
        for fleet in ("web", "api")
    ]  # fmt: skip
    forward: list[Any] = [{"Type": "forward", "TargetGroupArn": web}]
    listener = elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=forward
    )
    elb.create_rule(
        ListenerArn=listener["Listeners"][0]["ListenerArn"],
        Priority=36000,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}],
        Actions=[{"Type": "forward", "TargetGroupArn": api}],
    )
    return name


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(("maintenance", *arguments))
    said = capsys.readouterr()
    return status, said.out, said.err


def page_of(stack: str) -> str:
    [listener] = Balancer(stack, None).listeners()
    [body] = [rule.actions[0]["FixedResponseConfig"]["MessageBody"] for rule in listener.rules if rule.is_page]
    return body


def test_on_and_off(stack: str, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """The page, another one, and the listener as it was; `status` says who, since when and for whom not."""
    assert run(capsys, "status")[:2] == (0, f"{stack} is not in maintenance\n")
    status, out, err = run(capsys, "on", "--allow", "10.0.0.0/8", "203.0.113.7", "--reason", "the move")
    assert (status, err) == (0, "")
    assert out.startswith(f"{stack} is in maintenance by alex since ")
    assert out.endswith(" UTC, but for 10.0.0.0/8, 203.0.113.7/32: the move\n")
    assert page_of(stack) == Page().body
    other = tmp_path / "page.html"
    other.write_text("<p>soon</p>")
    assert run(capsys, "on", "--page", str(other))[0] == 0
    assert page_of(stack) == "<p>soon</p>"
    shown = json.loads(run(capsys, "status", "--json")[1])
    assert (shown["maintenance"]["by"], shown["maintenance"]["allow"], shown["answers"]) == ("alex", [], True)
    assert run(capsys, "off")[:2] == (0, f"{stack} is out of maintenance\n")
    assert run(capsys, "off")[:2] == (0, f"{stack} is not in maintenance\n")
    [listener] = Balancer(stack, None).listeners()
    assert [rule.priority for rule in listener.rules] == [36000]


def test_a_plan_finds_the_stacks_rules_as_they_are(stack: str, capsys: pytest.CaptureFixture[str]):
    """Copies for those who are let through are not taken for the stack's own, whose priorities would change."""
    before = lookup.rules(REGION, stack)
    assert run(capsys, "on", "--allow", "10.0.0.0/8")[0] == 0
    during = lookup.rules(REGION, stack)
    assert {key: value for key, value in during.items() if not key[0].startswith("priority ")} == before
    assert sorted(during.values()) == [97, 98, 99, 100, 36000]


def test_rules_that_are_gone_are_said(stack: str, capsys: pytest.CaptureFixture[str]):
    """As after a listener was replaced: `on` puts them back."""
    assert run(capsys, "on")[0] == 0
    Balancer(stack, None).remove()
    status, out, err = run(capsys, "status")
    assert status == 0
    assert "is in maintenance by alex" in out
    assert "but its balancer has no such rule, and serves" in err
    assert run(capsys, "on")[2] == ""


def test_it_can_be_ended_without_a_balancer(stack: str, capsys: pytest.CaptureFixture[str]):
    """As after `pulumi destroy`: the next `up` is not to warn of it."""
    assert run(capsys, "on")[0] == 0
    elb = boto3.client("elbv2")
    [balancer] = elb.describe_load_balancers(Names=[names.balancer_name(stack)])["LoadBalancers"]
    elb.delete_load_balancer(LoadBalancerArn=str(balancer.get("LoadBalancerArn")))
    assert run(capsys, "off")[:2] == (0, f"{stack} is out of maintenance\n")


def test_what_goes_wrong_half_way_leaves_nothing(stack: str, capsys: pytest.CaptureFixture[str]):
    """A rule is refused after others were made: these are taken away again, and clients get the app."""
    elb = boto3.client("elbv2")
    [listener] = Balancer(stack, None).listeners()
    made = Balancer(stack, None)
    real, calls = made._elb.create_rule, []  # pyright: ignore[reportPrivateUsage, reportUnknownVariableType]

    def create(**given: Any) -> Any:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(**given)

    made._elb.create_rule = create  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(KeyboardInterrupt):
        made.put(Page(), ["10.0.0.0/8"])
    assert len(elb.describe_rules(ListenerArn=listener.arn)["Rules"]) == 2
    assert run(capsys, "status")[1] == f"{stack} is not in maintenance\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("on", "--allow", "office"), "--allow: 'office' is no address or block of addresses"),
        (("on", "--page", "nowhere.html"), "--page nowhere.html: No such file or directory"),
        (("off", "--allow", "10.0.0.0/8"), "--page and --allow are for `maintenance on`"),
        (("on", "--stack", "porduction"), "has no fleet of stack porduction"),
        (("off", "--stack", "porduction"), "stack porduction: there is no such balancer: check --stack and --region"),
    ],
)
def test_mistakes(stack: str, bucket: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str):
    """One line each, and the listener is as it was."""
    status, _, err = run(capsys, *arguments, "--bucket", bucket)
    assert (status, said in err) == (1, True), err
    [listener] = Balancer(stack, None).listeners()
    assert len(listener.rules) == 1
