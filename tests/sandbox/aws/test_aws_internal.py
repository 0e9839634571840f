"""The API by which machines and balancer take part, and load balancers as they see them."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

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


def test_first_load_balancer_has_the_preferred_port():
    """The DNS name is an address on which a balancer can listen; the others get ports of their own."""
    port = free_port()
    process, emulator = start("--balancer-port", str(port))
    try:
        first, second = Fleet(emulator, zones=1), Fleet(emulator, zones=1)
        assert first.balancer["DNSName"] == f"127.0.0.1:{port}"
        assert second.balancer["DNSName"] not in (first.balancer["DNSName"], emulator.url)
        with socket.socket() as balancer:
            balancer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            balancer.bind(("127.0.0.1", port))
            balancer.listen()
    finally:
        process.terminate()
        assert process.wait(ENOUGH) == 0


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
