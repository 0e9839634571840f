"""The first region goes dark, the second one serves and is deployed to, and the first one returns.

These tests are one story and run in this order: each starts from what the one before has left.
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
import yaml

from tests.engine.conftest import REGION, Ran, Sandbox, commit, git
from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.reliability, pytest.mark.timeout(600)]

SECOND, ACCOUNT = "eu-central-1", "123456789012"
FIRST_STACK, SECOND_STACK = "sandbox", "sandbox-dr"
STORES = {region: f"slipway-{FIRST_STACK}-{ACCOUNT}-{region}" for region in (REGION, SECOND)}


@pytest.fixture(scope="module", autouse=True)
def replica(sandbox: Sandbox) -> None:
    """The first region's stack replicates its store; `make down` removes both buckets."""
    file = sandbox.checkout / f"Pulumi.{FIRST_STACK}.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["config"]["slipway:artifacts"]["replica"] = {"region": SECOND, "destroy": True}
    file.write_text(yaml.safe_dump(settings, sort_keys=False))


def of(sandbox: Sandbox, stack: str, command: str) -> Ran:
    """A command in the environment of one stack."""
    ran = sandbox.shell(f'eval "$(python -m sandbox env --stack {stack})" && {command}')
    assert "Traceback" not in ran.said
    return ran


def fault(sandbox: Sandbox, *arguments: str) -> None:
    ran = sandbox.run("python", "-m", "sandbox", "fault", *arguments)
    assert ran.code == 0, ran.said


def instances(sandbox: Sandbox, region: str, stack: str) -> list[str]:
    shown = sandbox.client("autoscaling", region).describe_auto_scaling_groups(
        AutoScalingGroupNames=[f"slipway-{stack}-web"]
    )
    return [member["InstanceId"] for group in shown["AutoScalingGroups"] for member in group["Instances"]]


def kept(sandbox: Sandbox, region: str) -> dict[str, list[str]]:
    """The versions of every object in a region's store, by key."""
    found: dict[str, list[str]] = {}
    pages = sandbox.client("s3", region).get_paginator("list_object_versions").paginate(Bucket=STORES[region])
    for page in pages:
        for version in page.get("Versions", ()):
            found.setdefault(version["Key"], []).append(version["VersionId"])
    return found


def history(sandbox: Sandbox, region: str, stack: str) -> list[dict[str, Any]]:
    ran = sandbox.shell(f"python -m release history --json --stack {stack} --bucket {STORES[region]} --region {region}")
    assert ran.code == 0, ran.said
    return json.loads(ran.said)


def answer(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as page:
        return str(page.headers["X-Release"])


def test_a_pilot_light_stands_by(sandbox: Sandbox):
    """The second region has everything but instances."""
    first = sandbox.up("HEAD~1")
    assert first.code == 0, first.said
    until(lambda: kept(sandbox, REGION) == kept(sandbox, SECOND))
    second = sandbox.run("make", "--no-print-directory", "dr", SLIPWAY_POSTURE="pilot-light")
    assert second.code == 0, second.said
    assert instances(sandbox, SECOND, SECOND_STACK) == []


def test_it_is_activated_while_the_first_region_is_dark(sandbox: Sandbox):
    """By Auto Scaling alone: no engine, no git, and no call to the first region. Again, it is active already."""
    good = git(sandbox.checkout, "rev-parse", "HEAD~1")
    fault(sandbox, "region", REGION)
    fault(sandbox, "git")
    reset = sandbox.run("python", "-m", "sandbox", "calls", "--reset")
    assert reset.code == 0, reset.said
    ran = of(sandbox, SECOND_STACK, "python -m release activate --json 2>progress.txt")
    assert ran.code == 0, ran.said
    shown = json.loads(ran.said)
    assert (shown["posture"], shown["changed"], shown["fleets"]["web"]["counts"]) == ("active", True, {good: 3})
    assert answer(shown["url"]) == good
    counted = sandbox.run("python", "-m", "sandbox", "calls", "--json")
    told = json.loads(counted.said)
    assert REGION not in told["regions"]
    assert told["git"] == 0
    again = of(sandbox, SECOND_STACK, "python -m release activate")
    assert again.code == 0
    assert again.said.startswith(f"{SECOND_STACK} is active already\nweb: 3 of 3 instances serve {good} at http://")
    looked = of(sandbox, SECOND_STACK, "python -m release status --all-regions")
    assert looked.code == 0
    assert looked.last == f"region {REGION} does not answer"
    fault(sandbox, "git", "--end")


def test_a_release_is_published_and_deployed_there(sandbox: Sandbox):
    """What the first region has never heard of serves in the second one."""
    sha = commit(sandbox.checkout, "three: made during the outage")
    ran = sandbox.run("make", "--no-print-directory", "dr", f"SHA={sha}", SLIPWAY_POSTURE="active")
    assert ran.code == 0, ran.said
    assert ran.last.startswith(f"serving {sha} at ")
    assert answer(ran.last.rpartition(" ")[2]) == sha


def test_both_regions_have_all_once_when_it_returns(sandbox: Sandbox):
    """Every object in one version, every event in the same order; and that both are live is said."""
    fault(sandbox, "region", REGION, "--end")
    until(lambda: kept(sandbox, REGION) == kept(sandbox, SECOND), seconds=120)
    assert {len(versions) for versions in kept(sandbox, REGION).values()} == {1}
    for stack in (FIRST_STACK, SECOND_STACK):
        events = history(sandbox, REGION, stack)
        assert events == history(sandbox, SECOND, stack)
        assert len(events) == len({json.dumps(event) for event in events})
    looked = of(sandbox, FIRST_STACK, "python -m release status --all-regions")
    assert looked.code == 3
    assert looked.last.startswith(
        f"live in both: {FIRST_STACK} in {REGION} and {SECOND_STACK} in {SECOND}, which follo"
    )


def test_the_first_region_takes_what_was_good_last(sandbox: Sandbox):
    """With no SHA: what was chosen in the second region; whose it is is said, and that both are live."""
    sha, own = (git(sandbox.checkout, "rev-parse", ref) for ref in ("HEAD", "HEAD~2"))
    command = "pulumi up --yes --skip-preview --non-interactive"
    ran = of(sandbox, FIRST_STACK, f"SLIPWAY_SHA= SLIPWAY_REPOSITORY= {command}")
    assert ran.code == 0, ran.said
    assert f"deploying {sha}, which {SECOND_STACK} served since " in ran.said
    assert f"{FIRST_STACK}'s own last good release was {own}" in ran.said
    assert f"live in both: {FIRST_STACK} in {REGION} and {SECOND_STACK} in {SECOND}" in ran.said
    served = of(sandbox, FIRST_STACK, "python -m release status --json")
    assert json.loads(served.said)[0]["serves"]["counts"] == {sha: 3}
    assert history(sandbox, REGION, FIRST_STACK)[0]["outcome"] == "succeeded"


def test_the_second_stack_goes_and_leaves_the_store(sandbox: Sandbox):
    """Replica and ledger are not its own: nothing of them goes with it."""
    until(lambda: kept(sandbox, REGION) == kept(sandbox, SECOND), seconds=120)
    before = kept(sandbox, SECOND)
    ran = of(sandbox, SECOND_STACK, f"pulumi destroy --yes --skip-preview --non-interactive --stack {SECOND_STACK}")
    assert ran.code == 0, ran.said
    assert kept(sandbox, SECOND) == before
    assert any(key.startswith(f"ledger/{SECOND_STACK}/") for key in before)
    looked = of(sandbox, FIRST_STACK, "python -m release status --all-regions")
    assert looked.code == 0, looked.said
    assert looked.last == f"region {SECOND} has no stack with the store {STORES[SECOND]}"


def test_the_last_copy_of_releases_is_not_taken(sandbox: Sandbox):
    """The store is to go with the stack and its replica to stay: not before that has everything."""
    file = sandbox.checkout / f"Pulumi.{FIRST_STACK}.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["config"]["slipway:artifacts"]["replica"] = {"region": SECOND, "required": False}
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    fault(sandbox, "replication", "--stall")
    sha = commit(sandbox.checkout, "four: not replicated")
    ran = sandbox.up(sha)
    assert ran.code == 0, ran.said
    destroy = "pulumi destroy --yes --skip-preview --non-interactive"
    plain = of(sandbox, FIRST_STACK, destroy)
    assert plain.code != 0
    assert "--run-program" in plain.said
    refused = of(sandbox, FIRST_STACK, f"{destroy} --run-program")
    assert refused.code != 0
    assert "objects that its replica lacks" in refused.said
    assert len(instances(sandbox, REGION, FIRST_STACK)) == 3
    assert f"releases/{sha}/manifest.json" in kept(sandbox, REGION)
    fault(sandbox, "replication", "--end")
    until(lambda: kept(sandbox, REGION) == kept(sandbox, SECOND), seconds=120)
    whole = kept(sandbox, SECOND)
    ended = of(sandbox, FIRST_STACK, f"{destroy} --run-program")
    assert ended.code == 0, ended.said
    names = [bucket["Name"] for bucket in sandbox.client("s3").list_buckets()["Buckets"]]
    assert STORES[REGION] not in names
    assert kept(sandbox, SECOND) == whole
