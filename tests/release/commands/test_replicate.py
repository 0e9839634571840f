"""`replicate`, over HTTP: what was left behind is brought over as it was, by the service that S3 has for it."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from pathlib import Path

import pytest

from release.clients import client
from release.store import release_keys
from release.store.ledger import Event, Ledger
from release.store.replica import Recovery, Replica
from tests.release.commands.test_commands import run
from tests.release.store import replicated
from tests.release.store.replicated import FIRST, SECOND, Pair

pytestmark = pytest.mark.sandbox


@pytest.fixture
def pair(aws: str, monkeypatch: pytest.MonkeyPatch) -> Pair:
    made = replicated.make(f"slipway-{uuid.uuid4().hex[:12]}")
    monkeypatch.setenv("SLIPWAY_BUCKET", made.first)
    return made


def facts(pair: Pair, region: str, bucket: str) -> dict[str, tuple[str, str, datetime]]:
    """ETag, version and time of each object but those of batches, by key."""
    versions = pair.client(region).list_object_versions(Bucket=bucket)["Versions"]
    return {
        each["Key"]: (each["ETag"], each["VersionId"], each["LastModified"])
        for each in versions
        if not each["Key"].startswith("replication/")
    }


def record(bucket: str, region: str, outcome: str = "succeeded") -> None:
    Ledger(bucket, client("s3", region)).record(
        Event(
            at=datetime.now(timezone.utc),
            by="alex",
            stack="prod",
            fleet="web",
            action="deploy",
            sha="a" * 40,
            digest="b" * 64,
            outcome=outcome,
        )
    )


def test_what_was_published_before_is_brought_over_as_it_was(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Releases, tags, the ledger and drills, with versions and times, by which the ledger is ordered."""
    manifest = pair.publish(tmp_path, "a" * 40)
    pair.store.tag(manifest.sha, ["v1/ä b,%"])
    record(pair.first, FIRST)
    pair.client().put_object(Bucket=pair.first, Key="drills/dr/1/report.json", Body=b"{}")
    pair.replicate(live=True)
    before = facts(pair, FIRST, pair.first)
    assert run(capsys, "replicate", "--dry-run")[1].startswith(f"{len(before)} objects would be replicated")
    status, out, err = run(capsys, "replicate")
    assert (status, out) == (
        0,
        f"{len(before)} objects replicated from {pair.first} to {pair.second} in {SECOND}\n",
    ), err
    assert facts(pair, SECOND, pair.second) == before
    assert run(capsys, "replicate", "--json")[1].strip().endswith('"brought": 0\n}')


def test_it_works_in_the_other_direction(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """What was released in the second region, run against its bucket."""
    pair.publish(tmp_path, "c" * 40, region=SECOND)
    pair.replicate()
    status, out, _ = run(capsys, "replicate", "--bucket", pair.second, "--region", SECOND)
    assert (status, out) == (0, f"3 objects replicated from {pair.second} to {pair.first} in {FIRST}\n")
    assert facts(pair, FIRST, pair.first) == facts(pair, SECOND, pair.second)


def test_what_differs_is_not_brought_over_but_told(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A corrupted artifact stays as it is, for somebody to look at; the others arrive; the status is 1."""
    bad, good = pair.publish(tmp_path, "a" * 40), pair.publish(tmp_path, "b" * 40)
    key = release_keys.artifact(bad.sha)
    pair.client(SECOND).put_object(Bucket=pair.second, Key=key, Body=b"x" * 40, ChecksumAlgorithm="SHA256")
    pair.replicate()
    status, _, err = run(capsys, "replicate")
    assert status == 1
    assert f"release {bad.sha} is not recoverable" in err
    assert f"{key} (differs)" in err
    replica = Replica.of(pair.first, pair.client())
    assert replica
    states = replica.states([bad, good])
    assert [states[each.sha].recovery for each in (bad, good)] == [Recovery.DIFFERS, Recovery.RECOVERABLE]


def test_a_store_of_one_region_can_not_be_replicated(pair: Pair, capsys: pytest.CaptureFixture[str]):
    """It says which setting is missing."""
    status, _, err = run(capsys, "replicate")
    assert status == 1
    assert "artifacts.replica.region" in err


def test_a_role_that_batches_can_not_take_on(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The job fails, and its reason is told; with the role as the stack makes it, the next one succeeds."""
    pair.publish(tmp_path, "a" * 40)
    pair.replicate()
    pair.role("s3.amazonaws.com")
    status, _, err = run(capsys, "replicate")
    assert status == 1
    assert "is Failed" in err
    assert "batchoperations.s3.amazonaws.com" in err
    pair.role()
    assert run(capsys, "replicate")[0] == 0


def test_objects_that_fail_are_told_with_the_reason(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """By the job's report: here no rule is enabled."""
    manifest = pair.publish(tmp_path, "a" * 40)
    pair.replicate(live=False)
    status, _, err = run(capsys, "replicate")
    assert status == 1
    assert "objects are still not in" in err
    assert release_keys.artifact(manifest.sha) in err
    assert "no rule of the replication configuration" in err
