"""A second region is brought up from nothing, with the first one and the git host gone; then its postures, up and down.

These tests are one story and run in this order: each starts from what the one before has left.
"""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.conftest import DEADLINE, REGION, Ran, Sandbox, commit, git
from tests.waiting import until

pytestmark = pytest.mark.engine

SECOND, STACK = "eu-central-1", "sandbox-dr"
STORE, REPLICA = (f"slipway-sandbox-123456789012-{region}" for region in (REGION, SECOND))


@pytest.fixture(scope="module", autouse=True)
def replica(sandbox: Sandbox) -> None:
    """The first region's stack replicates its store; `make down` removes both buckets."""
    change(sandbox, "sandbox", "artifacts", replica={"region": SECOND, "destroy": True})


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a git that notes that it was asked, and fails."""
    folder = tmp_path_factory.mktemp("shim")
    (folder / "git").write_text(f'#!/bin/sh\necho "$@" >>{folder}/asked\nexit 128\n')
    (folder / "git").chmod(0o755)
    return folder


def change(sandbox: Sandbox, stack: str, section: str, **values: object) -> None:
    """Change a stack file."""
    file = sandbox.checkout / f"Pulumi.{stack}.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["config"].setdefault(f"slipway:{section}", {}).update(values)
    file.write_text(yaml.safe_dump(settings, sort_keys=False))


def dr(sandbox: Sandbox, posture: str = "", **environment: str) -> Ran:
    """`make dr`."""
    asked = {"SLIPWAY_POSTURE": posture} if posture else {}
    return sandbox.run("make", "--no-print-directory", "dr", timeout=DEADLINE, **asked, **environment)


def control(sandbox: Sandbox, *arguments: str) -> str:
    """A command of the sandbox's own, that works."""
    ran = sandbox.run("python", "-m", "sandbox", *arguments)
    assert ran.code == 0, ran.said
    return ran.said


def group(sandbox: Sandbox) -> dict[str, Any]:
    """The second region's Auto Scaling group."""
    [found] = sandbox.client("autoscaling", SECOND).describe_auto_scaling_groups(
        AutoScalingGroupNames=[f"slipway-{STACK}-web"]
    )["AutoScalingGroups"]
    return found


def outcomes(sandbox: Sandbox) -> list[str]:
    """How the events of the second region's stack end, oldest first."""
    s3 = sandbox.client("s3", SECOND)
    shown = s3.list_objects_v2(Bucket=REPLICA, Prefix=f"ledger/{STACK}/").get("Contents", [])
    bodies = [s3.get_object(Bucket=REPLICA, Key=each["Key"])["Body"].read() for each in shown]
    return [json.loads(body)["outcome"] for body in bodies]


def answer(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as page:
        return str(page.headers["X-Release"])


def test_the_second_region_serves_what_was_good_last(sandbox: Sandbox, shim: Path):
    """After a deploy that failed, with region and git host dark: no call to either, and the digest is the same."""
    first, good = git(sandbox.checkout, "rev-parse", "HEAD~1"), git(sandbox.checkout, "rev-parse", "HEAD")
    for sha in (first, good):
        ran = sandbox.up(sha)
        assert ran.code == 0, ran.said
    digest = sandbox.outputs()["digest"]
    (sandbox.checkout / "examples" / "shop" / "Procfile").write_text("web: false\n")
    bad = commit(sandbox.checkout, "three: does not boot")
    assert sandbox.up(bad).code != 0
    until(lambda: keys(sandbox, REGION, STORE) <= keys(sandbox, SECOND, REPLICA), seconds=60)
    control(sandbox, "fault", "region", REGION)
    control(sandbox, "fault", "git")
    control(sandbox, "calls", "--reset")

    ran = dr(sandbox, PATH=f"{shim}{os.pathsep}{os.environ['PATH']}")

    assert ran.code == 0, ran.said
    assert ran.last.startswith(f"serving {good} at http://")
    assert answer(ran.last.rpartition(" ")[2]) == good
    assert f"{bad} was passed over: its deploy failed (fleet web, " in ran.said
    assert f"deploys {good}, the last good release of sandbox" in ran.said
    counted = json.loads(control(sandbox, "calls", "--json"))
    assert REGION not in counted["regions"]
    assert SECOND in counted["regions"]
    assert counted["git"] == 0
    assert not (shim / "asked").exists()
    assert sandbox.outputs()["digest"] == digest
    assert outcomes(sandbox) == ["succeeded"]


def keys(sandbox: Sandbox, region: str, bucket: str) -> set[str]:
    """The objects in a store."""
    pages = sandbox.client("s3", region).get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {each["Key"] for page in pages for each in page.get("Contents", ())}


def test_the_shell_works_for_either_stack(sandbox: Sandbox):
    """The last one is the default; `make dr` has not lost what `make up` was asked for."""
    ran = sandbox.shell("pulumi preview --non-interactive && echo $AWS_REGION $SLIPWAY_SHA.")
    assert ran.code == 0, ran.said
    assert "unchanged" in ran.said
    assert ran.last == f"{SECOND} ."
    other = sandbox.shell('eval "$(python -m sandbox env --stack sandbox)" && pulumi stack output sha')
    assert other.last == git(sandbox.checkout, "rev-parse", "HEAD~1")


def test_a_lower_posture_than_stands_is_asked_for(sandbox: Sandbox):
    """By the file alone it is refused, with both commands; by the variable the instances go, and nothing else."""
    change(sandbox, STACK, "recovery", posture="pilot-light")
    refused = dr(sandbox)
    assert refused.code != 0
    assert f"`SLIPWAY_POSTURE=active pulumi up --stack {STACK}`" in refused.said
    assert len(group(sandbox)["Instances"]) == 3

    ran = dr(sandbox, "pilot-light")

    assert ran.code == 0, ran.said
    assert ran.last.startswith("pilot-light: all stands but instances")
    assert (group(sandbox)["MinSize"], group(sandbox)["MaxSize"]) == (0, 0)
    until(lambda: not group(sandbox)["Instances"], seconds=60)
    assert outcomes(sandbox) == ["succeeded"]


def test_pilot_light_comes_up_without_the_global_control_planes(sandbox: Sandbox):
    """IAM and Route 53 take no writes: none is needed, and no instance is replaced on the way."""
    control(sandbox, "fault", "global")
    control(sandbox, "calls", "--reset")
    ran = dr(sandbox, "active")
    assert ran.code == 0, ran.said
    assert ran.last.startswith(f"serving {git(sandbox.checkout, 'rev-parse', 'HEAD~1')} at http://")
    tags = {tag["Key"]: tag["Value"] for tag in group(sandbox)["Tags"]}
    assert (tags["slipway:posture"], tags["slipway:size"]) == ("active", "3-6")
    refreshes = sandbox.client("autoscaling", SECOND).describe_instance_refreshes(
        AutoScalingGroupName=f"slipway-{STACK}-web"
    )
    assert refreshes["InstanceRefreshes"] == []
    assert "us-east-1" not in json.loads(control(sandbox, "calls", "--json"))["regions"]
    control(sandbox, "fault", "global", "--end")


def test_cold_needs_them_and_says_so_first(sandbox: Sandbox):
    """What nothing stands of can't be made: the reason is named, and nothing is begun."""
    ran = dr(sandbox, "cold")
    assert ran.code == 0, ran.said
    assert ran.last.startswith("cold: nothing stands but the store")
    control(sandbox, "fault", "global")
    refused = dr(sandbox, "active")
    assert refused.code != 0
    assert "IAM takes no writes now (ServiceUnavailable), and the roles of its instances" in refused.said
    assert "Traceback" not in refused.said
    tagged = [{"Name": "tag:slipway:stack", "Values": [STACK]}]
    assert sandbox.client("ec2", SECOND).describe_vpcs(Filters=tagged)["Vpcs"] == []
