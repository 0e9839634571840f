"""What AWS, the store, the ledger and git say of the fleets that a preview touches."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from release import names
from release.clients import client
from release.errors import RevisionError
from release.preview import fleets
from release.preview.facts import Facts, ReleaseFacts
from release.preview.fleets import Look
from release.preview.steps import UNKNOWN, Step
from release.preview.touched import GROUP, LAUNCH_TEMPLATE
from release.rollout.duration import Pace
from release.rollout.estimate import Took
from release.store.ledger import Ledger
from tests.release.conftest import Clone
from tests.release.preview.test_facts import DEPLOY
from tests.release.store import replicated
from tests.release.store.replicated import Pair
from tests.waiting import until

PACE = Pace(min_healthy=100, max_healthy=150, checkpoints=(50, 100))


@pytest.fixture
def pair(aws: str) -> Pair:
    return replicated.make(f"slipway-{uuid.uuid4().hex[:12]}")


def fleet(stack: str, bucket: str, sha: str, size: int) -> str:
    """A fleet `web` that is at `sha`, and wants `size` instances; none is launched. Return its group's name."""
    name = names.group_name(stack, "web")
    ec2, scaling = boto3.client("ec2"), boto3.client("autoscaling")
    data: Any = {"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data, VersionDescription=f"Release {sha}")
    tags = {**names.tags(stack, fleet="web"), names.STORE_TAG: bucket}
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        MinSize=0,
        MaxSize=size,
        AvailabilityZones=["eu-west-1a"],
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in tags.items()],
    )
    scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    scaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=size)
    return name


def deploy(group: str, old: str, new: str) -> list[Step]:
    tags = [{"key": names.FLEET_TAG, "value": "web"}]
    before, after = ({"name": group, "description": f"Release {sha}"} for sha in (old, new))
    versions = ({"name": group, "tags": tags, "launchTemplate": {"id": "lt-1", "version": v}} for v in ("1", UNKNOWN))
    of_group = dict(zip(("old", "new"), versions, strict=True))
    return [
        Step(op="update", urn="t", type=LAUNCH_TEMPLATE, name="web-launch-template", old=before, new=after),
        Step(op="update", urn="g", type=GROUP, name="web-group", **of_group),
    ]


@pytest.mark.sandbox
def test_all_that_is_known_of_a_deploy(pair: Pair, clone: Clone, tmp_path: Path):
    """From the release in force to the new one: commits, instances, steps, time, published, recoverable, rollback."""
    stack, old, new = f"s{uuid.uuid4().hex[:8]}", clone.git("rev-parse", "v1"), clone.commit("third <b>\u202e")
    group = fleet(stack, pair.first, old, 4)
    pair.replicate()
    manifest = pair.publish(tmp_path, new)
    steps = deploy(group, "e" * 40, new)
    where = Look(stack=stack, repository=str(clone.path), paces={"web": PACE})
    ledger = Ledger(pair.first, client("s3"))
    for sha, outcome in (("f" * 40, "succeeded"), (old, "started"), (old, "succeeded")):
        ledger.record(replace(DEPLOY, stack=stack, sha=sha, outcome=outcome, template_version="1", seconds=840.0))

    def recoverable() -> bool:
        return fleets.look(steps, where).releases[0].recoverable is True

    until(recoverable, 60)
    found = fleets.look(steps, where)
    (web,) = found.fleets
    assert (web.fleet, web.becomes, web.old, web.new) == ("web", "replaced", old, new)
    assert (web.instances, web.steps, web.checkpoints) == (4, 2, (50, 100))
    assert web.took == Took(seconds=840, rollouts=1)
    assert found.releases == (ReleaseFacts(sha=manifest.sha, published=True, recoverable=True),)
    (way,) = found.between
    assert (way.added.count, way.removed.count) == (2, 0)
    assert [line.partition(" ")[2] for line in way.added.lines] == ["third <b> (Test)", "second (Test)"]
    assert found.rollback == old
    assert found.unknown == ()


@pytest.mark.sandbox
def test_a_release_that_is_not_published_and_unknown_to_git(pair: Pair, tmp_path: Path):
    """`up` publishes it, so that is no problem; that nothing is known of its commits is said."""
    stack = f"s{uuid.uuid4().hex[:8]}"
    group = fleet(stack, pair.first, "a" * 40, 1)
    found = fleets.look(deploy(group, "a" * 40, "b" * 40), Look(stack=stack, repository=str(tmp_path)))
    assert found.releases == (ReleaseFacts(sha="b" * 40, published=False),)
    assert (found.fleets[0].steps, found.fleets[0].took, found.rollback) == (None, None, None)
    assert found.unknown == (f"the commits between: no git repository at {tmp_path} has the commit {'a' * 12} here",)


def test_aws_that_can_not_be_asked(monkeypatch: pytest.MonkeyPatch, clone: Clone):
    """The preview goes on with what the engine and git know, and says what is missing."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    old, new = clone.git("rev-parse", "v1"), clone.git("rev-parse", "HEAD")
    found = fleets.look(deploy("g", old, new), Look(stack="s", bucket="b", repository=str(clone.path)))
    assert [(each.fleet, each.old, each.new, each.instances) for each in found.fleets] == [("web", old, new, None)]
    assert found.releases == (ReleaseFacts(sha=new),)
    assert found.between[0].added.count == 1
    assert any(line.startswith("which fleets there are: ") for line in found.unknown)


def test_nothing_that_touches_instances():
    """AWS is not asked at all: there is no endpoint, and no credentials."""
    assert fleets.look([], Look(stack="s")) == Facts()


def test_the_way_back_takes_commits_back(clone: Clone, monkeypatch: pytest.MonkeyPatch):
    """To an older release; of many commits the newest are shown, and all are counted."""
    monkeypatch.setattr(fleets, "COMMITS", 3)
    old = clone.git("rev-parse", "HEAD")
    new = [clone.commit(f"more {number}") for number in range(5)][-1]
    found = fleets.between(str(clone.path), new, old)
    assert (found.added.count, found.removed.count, len(found.removed.lines)) == (0, 5, 3)
    assert "more 4" in found.removed.lines[0]


def test_a_shallow_clone_can_not_count(clone: Clone, tmp_path: Path):
    """As a CI job's checkout often is: it says what brings the rest, instead of a wrong number."""
    clone.git("clone", "--quiet", "--depth", "2", f"file://{clone.path}", str(tmp_path / "shallow"))
    old, new = clone.git("rev-parse", "v1"), clone.git("rev-parse", "HEAD")
    with pytest.raises(RevisionError, match="git fetch --unshallow"):
        fleets.between(str(tmp_path / "shallow"), old, new)
