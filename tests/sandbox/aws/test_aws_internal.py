"""The API by which machines and balancer take part, and load balancers as they see them."""

from __future__ import annotations

import socket
import sys
import threading
import time
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.elbv2 import places
from sandbox.aws.elbv2.places import Place
from sandbox.ports import free_port
from tests.aws.emulator import Emulator, start
from tests.aws.fleet import Fleet
from tests.aws.playing import running
from tests.waiting import ENOUGH, until

pytestmark = pytest.mark.sandbox


@pytest.fixture
def quiet() -> Iterator[Emulator]:
    """An emulator in which nothing happens but what the test does."""
    with running() as emulator:
        yield emulator


def test_long_poll_answers_when_something_changes(quiet: Emulator):
    """It waits while nothing happens, answers at once when an instance is launched, and blocks nobody meanwhile."""
    aws = quiet
    version = aws.get("instances")["version"]
    began = time.monotonic()
    assert aws.get(f"instances?after={version}&wait=0.3")["version"] == version
    assert time.monotonic() - began >= 0.3
    answers: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: answers.append(aws.get(f"instances?after={version}&wait=20")))
    waiting.start()
    fleet = Fleet(aws, zones=1)
    fleet.create(size=1)
    waiting.join(ENOUGH)
    assert answers
    assert [m["state"] for m in answers[0]["instances"] if m["tags"].get("team") == "shop"][-1] == "pending"
    fleet.delete()


def test_target_health_is_what_the_balancer_reports(aws: Emulator):
    """Initial before anything was reported, then that; draining until the balancer says unused."""
    fleet = Fleet(aws, zones=1, delay="300")
    fleet.create(size=1)
    machine = until(lambda: fleet.instances)[0]["InstanceId"]
    aws.post(f"instances/{machine}", {"port": 41000})
    until(lambda: fleet.health() == {machine: "initial"})
    [group] = [g for g in aws.get("load-balancers")["target_groups"] if g["arn"] == fleet.target_group]
    assert group["health_check"]["path"] == "/healthz"
    [target] = group["targets"]
    assert target["address"] == "127.0.0.1:41000"
    seen = {"group": fleet.target_group, "id": machine, "port": target["port"]}
    failed = {**seen, "state": "unhealthy", "reason": "Target.ResponseCodeMismatch", "description": "503"}
    aws.post("target-health", {"targets": [{**seen, "state": "healthy"}]})
    assert fleet.health() == {machine: "healthy"}
    fleet.scaling.suspend_processes(AutoScalingGroupName=fleet.name, ScalingProcesses=["ReplaceUnhealthy"])
    aws.post("target-health", {"targets": [failed]})
    described = fleet.elb.describe_target_health(TargetGroupArn=fleet.target_group)
    assert described["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.ResponseCodeMismatch"
    fleet.scaling.set_desired_capacity(AutoScalingGroupName=fleet.name, DesiredCapacity=0)
    until(lambda: fleet.health() == {machine: "draining"})
    assert fleet.instances[0]["LifecycleState"] == "Terminating"
    aws.post("target-health", {"targets": [{**seen, "state": "unused"}]})
    until(lambda: fleet.instances[0]["LifecycleState"] == "Terminating:Proceed")
    aws.post(f"instances/{machine}", {"state": "terminated"})
    until(lambda: not fleet.instances)
    fleet.delete()


def test_load_balancers_share_a_port_on_addresses_of_their_own():
    """The first has 127.0.0.1 and the port that was asked for; an address is free again once its balancer is gone."""
    port = free_port()
    process, emulator = start("--balancer-port", str(port))
    try:
        first, second = Fleet(emulator, zones=1), Fleet(emulator, zones=1)
        assert first.balancer["DNSName"] == f"127.0.0.1:{port}"
        with socket.socket() as balancer:
            balancer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            balancer.bind(("127.0.0.1", port))
            balancer.listen()
        subnets = [each["SubnetId"] for each in emulator.client("ec2", "eu-west-1").describe_subnets()["Subnets"]]
        emulator.client("elbv2", "eu-west-1").create_load_balancer(Name="west", Subnets=subnets[:2])
        fed = emulator.get("load-balancers?wait=0")["load_balancers"]
        others = ["127.0.1.1", "127.0.1.2"] if sys.platform == "linux" else ["127.0.0.1"] * 2
        assert sorted(each["address"] for each in fed) == ["127.0.0.1", *others]
        second.elb.delete_load_balancer(LoadBalancerArn=second.balancer["LoadBalancerArn"])
        assert Fleet(emulator, zones=1).balancer["DNSName"] == second.balancer["DNSName"]
    finally:
        process.terminate()
        assert process.wait(ENOUGH) == 0


def test_a_system_with_one_address_tells_load_balancers_apart_by_ports(monkeypatch: pytest.MonkeyPatch):
    """As macOS, where 127.0.1.1 can't be listened on: here, an address that this computer doesn't have."""
    monkeypatch.setattr(places, "_addresses", lambda: iter(["127.0.0.1", "192.0.2.1"]))
    given = places.Places()
    given.port = free_port()
    first, second = given.take(), given.take()
    try:
        assert (first.address, first.port, second.address) == ("127.0.0.1", given.port, "127.0.0.1")
        assert len({first.port, first.tls_port, second.port, second.tls_port}) == 4
    finally:
        given.release(first)
        given.release(second)


def test_http_and_https_have_ports_that_are_the_same_everywhere():
    """80 and 443 stand for themselves; of several listeners of a kind the first has the port, the others any."""
    place = Place(address="127.0.1.1", port=8080, tls_port=8443)
    assert place.name == "127.0.1.1:8080"
    assert place.local_ports([(443, "HTTPS"), (80, "HTTP")]) == {80: 8080, 443: 8443}
    assert place.local_ports([(8443, "HTTPS"), (443, "HTTPS"), (81, "HTTP"), (82, "HTTP")]) == {81: 8080, 443: 8443}


def test_protected_load_balancer_is_not_deleted(aws: Emulator):
    """Deletion protection means what it says."""
    fleet = Fleet(aws, zones=1)
    arn = fleet.balancer["LoadBalancerArn"]
    protection = {"Key": "deletion_protection.enabled", "Value": "true"}
    fleet.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protection])
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        fleet.elb.delete_load_balancer(LoadBalancerArn=arn)


def test_mistakes_are_told(aws: Emulator):
    """An unknown instance is a 404, a body without meaning a 400, both as JSON."""
    for path, body, code in (
        ("instances/i-0", {"port": 1}, 404),
        ("metrics", {}, 400),
        ("target-health", {"targets": [{}]}, 400),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            aws.post(path, body)
        assert caught.value.code == code
        assert "error" in caught.value.read().decode()
        caught.value.close()
