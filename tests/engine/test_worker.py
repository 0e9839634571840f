"""Workers beside a web fleet: what a rollout of theirs promises, with the real engine and real processes.

These tests are one story and run in this order. The workers write what they do into a file of the test's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.conftest import Sandbox, commit, fresh_sandbox, git
from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.reliability]

WORKER = "slipway-sandbox-worker"
WORKS = """\
import os, signal, sys, time
def say(words):
    with open({log!r}, "a") as log:
        log.write(f"{{os.environ['INSTANCE_ID']}} {{os.environ['RELEASE_SHA']}} {{words}}\\n")
def hand_back(*_):
    say("handed back")
    sys.exit()
signal.signal(signal.SIGTERM, {on_term})
say("works")
while True:
    time.sleep(0.1)
    {each}
"""


def works(checkout: Path, log: Path, *, on_term: str = "hand_back", each: str = "pass") -> str:
    """Commit a worker that behaves like that, and return the SHA."""
    (checkout / "examples" / "shop" / "worker.py").write_text(WORKS.format(log=str(log), on_term=on_term, each=each))
    return commit(checkout, f"a worker: {on_term}, {each}")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "log"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The shop, with a fleet of workers beside it."""
    with fresh_sandbox(tmp_path_factory.mktemp("slipway")) as running:
        (running.checkout / "examples" / "shop" / "Procfile").write_text(
            "web: python3 -m shop\nworker: exec python3 worker.py\n"
        )
        file = running.checkout / "Pulumi.sandbox.yaml"
        given = yaml.safe_load(file.read_text())
        fleets = given["config"]["slipway:fleets"]
        fleets["web"]["size"] = {"min": 2, "max": 2}
        fleets["worker"] = {
            "routes": "none",
            "size": {"min": 2, "max": 2},
            "health": {"interval": 5, "timeout": 2, "command": "test -e worker.py"},
            "drain": 4,
            "bootTimeout": 60,
            "rollout": {"warmup": 0, "bake": 0, "timeout": 300},
        }
        file.write_text(yaml.safe_dump(given))
        yield running


def said(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def group(sandbox: Sandbox) -> dict[str, Any]:
    answer = sandbox.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[WORKER])
    return answer["AutoScalingGroups"][0]


def journal(sandbox: Sandbox, event: str) -> set[str]:
    """The instances that reported an event."""
    answer = sandbox.client("logs").filter_log_events(
        logGroupName="/slipway/sandbox/worker", filterPattern=f'{{ $.event = "{event}" }}'
    )
    return {line["logStreamName"] for line in answer["events"]}


def test_workers_are_proved_beside_a_web_fleet(sandbox: Sandbox, log: Path):
    """They have no target group; their launches ended well because their process stayed up."""
    sha = works(sandbox.checkout, log)
    ran = sandbox.up()
    assert ran.code == 0, ran.said
    assert f"worker: 2 of 2 instances serve {sha}" in ran.said
    assert (group(sandbox)["TargetGroupARNs"], group(sandbox)["HealthCheckType"]) == ([], "EC2")
    assert len(said(log)) == 2
    ran = sandbox.shell("python -m release status")
    assert ran.code == 0, ran.said
    assert f"2 of 2 instances serve {sha}" in ran.said


def test_a_rollout_lets_each_worker_end(sandbox: Sandbox, log: Path):
    """Every one hands its work back on SIGTERM, before its instance goes, and the group does not wait for more."""
    before = {member["InstanceId"] for member in group(sandbox)["Instances"]}
    works(sandbox.checkout, log, on_term="signal.SIG_IGN")
    ran = sandbox.up()
    assert ran.code == 0, ran.said
    assert {line.split()[0] for line in said(log) if line.endswith("handed back")} == before
    assert journal(sandbox, "drained") == before
    assert "ended by force" not in ran.said


def test_a_worker_that_ignores_sigterm_is_ended_after_its_drain_and_named(sandbox: Sandbox, log: Path):
    """The deploy goes well, and says whose work was cut off."""
    before = {member["InstanceId"] for member in group(sandbox)["Instances"]}
    good = works(sandbox.checkout, log)
    ran = sandbox.up()
    assert ran.code == 0, ran.said
    assert journal(sandbox, "killed") == before
    for instance in before:
        assert f"worker: {instance}" in ran.said
    assert "it had not ended within 4 s (drain) of SIGTERM" in ran.said
    assert f"worker: 2 of 2 instances serve {good}" in ran.said


def test_a_worker_that_dies_every_second_is_rolled_back(sandbox: Sandbox, log: Path):
    """No instance of it comes into service; the ones that work go on."""
    before = {member["InstanceId"] for member in group(sandbox)["Instances"]}
    works(sandbox.checkout, log, each="sys.exit('no queue')")
    ran = sandbox.up()
    assert ran.code != 0
    assert "the app exited with 1 before it had stayed up for 10 s; its last output: no queue" in ran.said
    assert {member["InstanceId"] for member in group(sandbox)["Instances"]} == before


def test_a_rollback_takes_the_workers_back_too(sandbox: Sandbox):
    """To an older release, as every fleet."""
    older = git(sandbox.checkout, "rev-parse", "HEAD~3")
    ran = sandbox.shell(f"python -m release rollback --to {older}")
    assert ran.code == 0, ran.said
    assert f"worker: 2 of 2 instances serve {older}" in ran.said
    assert f"web: 2 of 2 instances serve {older}" in ran.said


def test_an_instance_that_is_sick_replaces_itself(sandbox: Sandbox):
    """By its own word, as the health command says."""
    member = group(sandbox)["Instances"][0]["InstanceId"]
    [machine] = sandbox.checkout.glob(f"**/{member}/app/release/worker.py")
    machine.unlink()
    until(lambda: member not in {each["InstanceId"] for each in group(sandbox)["Instances"]}, 90)
    assert member in journal(sandbox, "unhealthy")
