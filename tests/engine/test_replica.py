"""A stack whose store has a replica: what is deployed is in both regions first, and stays in the second."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.engine.conftest import GROUP, REGION, Sandbox, commit

pytestmark = [pytest.mark.engine, pytest.mark.reliability, pytest.mark.timeout(600)]

SECOND = "eu-central-1"
STORE, REPLICA = (f"slipway-sandbox-123456789012-{region}" for region in (REGION, SECOND))


def release_in(sandbox: Sandbox, bucket: str, sha: str) -> dict[str, tuple[str, str, datetime]]:
    """Digest, version and time of a release's two objects in a bucket, by key."""
    s3 = sandbox.client("s3")
    found: dict[str, tuple[str, str, datetime]] = {}
    for name in ("artifact.tar.gz", "manifest.json"):
        head = s3.head_object(Bucket=bucket, Key=f"releases/{sha}/{name}", ChecksumMode="ENABLED")
        found[name] = (head["ChecksumSHA256"], head["VersionId"], head["LastModified"])
    return found


def recoverable(sandbox: Sandbox) -> dict[str, str]:
    """By SHA, as `list` says it."""
    ran = sandbox.shell("python -m release list --json")
    return {release["sha"]: release["recoverable"] for release in json.loads(ran.said)}


def template(sandbox: Sandbox) -> Any:
    groups = sandbox.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
    return groups["AutoScalingGroups"][0]["LaunchTemplate"]


def test_what_is_deployed_is_in_both_regions(sandbox: Sandbox):
    """With the same digests, versions and times; the ledger too."""
    ran = sandbox.up()
    assert ran.code == 0, ran.said
    sha = sandbox.outputs()["sha"]
    assert release_in(sandbox, STORE, sha) == release_in(sandbox, REPLICA, sha)
    assert recoverable(sandbox) == {sha: "recoverable"}
    assert sandbox.client("s3").get_bucket_location(Bucket=REPLICA)["LocationConstraint"] == SECOND


def test_the_next_preview_says_unchanged(sandbox: Sandbox):
    """Of the parts in the second region, too."""
    ran = sandbox.shell("pulumi preview --non-interactive --expect-no-changes")
    assert ran.code == 0, ran.said


def test_what_is_not_recoverable_is_not_deployed(sandbox: Sandbox):
    """Replication is stalled: `up` waits its bound, refuses and changes no fleet; insisting deploys; so does bringing
    it over."""
    before, serves = template(sandbox), sandbox.serves()
    sha = commit(sandbox.checkout, "three")
    assert sandbox.shell("python -m sandbox fault replication --stall").code == 0
    sandbox.shell("pulumi config set --path slipway:artifacts.replica.wait 2")
    ran = sandbox.up(sha)
    assert ran.code != 0
    for part in (f"release {sha} is not recoverable", "No fleet was changed", "SLIPWAY_UNREPLICATED=1"):
        assert part in ran.said
    assert (template(sandbox), sandbox.serves()) == (before, serves)
    previewed = sandbox.shell(f"SLIPWAY_SHA={sha} pulumi preview --non-interactive")
    assert previewed.code == 0, previewed.said
    assert f"release {sha} is not recoverable" in previewed.said
    assert recoverable(sandbox)[sha] == "not yet"
    brought = sandbox.shell("python -m release replicate")
    assert brought.code == 0, brought.said
    assert recoverable(sandbox)[sha] == "recoverable"
    ran = sandbox.up(sha)
    assert ran.code == 0, ran.said
    assert sandbox.serves() == sha
    insisted = commit(sandbox.checkout, "four")
    ran = sandbox.up(insisted, SLIPWAY_UNREPLICATED="1")
    assert ran.code == 0, ran.said
    assert "it is deployed all the same, because SLIPWAY_UNREPLICATED is set" in ran.said
    assert sandbox.shell("python -m sandbox fault clear").code == 0


def test_the_replica_outlives_the_stack(sandbox: Sandbox):
    """Unless it is to go with it: then `make down` removes it."""
    sandbox.shell("pulumi config set --path slipway:artifacts.replica.destroy false")
    assert sandbox.shell("SLIPWAY_UNREPLICATED=1 pulumi up --yes --non-interactive --skip-preview").code == 0
    sha = sandbox.outputs()["sha"]
    destroy = "pulumi destroy --yes --non-interactive --skip-preview"
    refused = sandbox.shell(destroy)
    assert refused.code != 0
    assert "--run-program" in refused.said
    s3 = sandbox.client("s3")
    assert STORE in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    ran = sandbox.shell(f"python -m release replicate && {destroy} --run-program")
    assert ran.code == 0, ran.said
    assert REPLICA in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert STORE not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert s3.get_bucket_policy(Bucket=REPLICA)
    ledger = s3.list_objects_v2(Bucket=REPLICA, Prefix="ledger/sandbox/web/")
    assert ledger["KeyCount"] > 0
    assert len(release_in(sandbox, REPLICA, sha)) == 2
