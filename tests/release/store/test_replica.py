"""What is recoverable from the other region, and what is not."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from release.clients import SHORTLY, client
from release.store import release_keys, upload
from release.store.kept import Kept
from release.store.replica import Peer, Recovery, Replica, peer
from tests.release.store import replicated
from tests.release.store.replicated import FIRST, SECOND, Pair
from tests.waiting import until

pytestmark = pytest.mark.sandbox
SHA = "a" * 40


@pytest.fixture
def pair(aws: str) -> Pair:
    return replicated.make(f"slipway-{uuid.uuid4().hex[:12]}")


def replica(pair: Pair) -> Replica:
    found = Replica.of(pair.first, pair.client())
    assert found
    return found


def test_a_store_of_one_region_has_no_peer(pair: Pair):
    """Without a replication configuration there is none, nor for a bucket that is not there yet."""
    assert peer(pair.first, pair.client()) is None
    assert peer("slipway-there-is-none", pair.client()) is None


def test_each_bucket_is_the_others_peer(pair: Pair):
    """Both find the other and its region, by the rule's name."""
    pair.replicate()
    assert peer(pair.first, pair.client()) == Peer(bucket=pair.second, region=SECOND)
    assert peer(pair.second, pair.client(SECOND)) == Peer(bucket=pair.first, region=FIRST)


def test_the_region_of_somebody_elses_rule_is_asked_of_s3(pair: Pair):
    """A rule that does not name the region, such as one made by hand, serves as well."""
    pair.replicate()
    s3 = pair.client()
    found = s3.get_bucket_replication(Bucket=pair.first)["ReplicationConfiguration"]
    found["Rules"][0]["ID"] = "by-hand"
    s3.put_bucket_replication(Bucket=pair.first, ReplicationConfiguration=found)
    assert peer(pair.first, s3) == Peer(bucket=pair.second, region=SECOND)


def test_a_release_is_recoverable_once_it_was_replicated(pair: Pair, tmp_path: Path):
    """What was published before replication is not there; what is published after it arrives."""
    before = pair.publish(tmp_path, SHA)
    pair.replicate()
    after = pair.publish(tmp_path, "b" * 40)
    until(lambda: replica(pair).state(after).recoverable)
    states = replica(pair).states([before, after])
    assert states[after.sha].recovery is Recovery.RECOVERABLE
    assert states[before.sha].recovery is Recovery.NOT_YET
    assert "no manifest" in states[before.sha].why


def test_a_manifest_before_its_artifact_is_not_recoverable_yet(pair: Pair, tmp_path: Path):
    """Replication copies objects in any order."""
    manifest = pair.publish(tmp_path, SHA)
    pair.replicate()
    _copy(pair, release_keys.manifest(SHA))
    state = replica(pair).state(manifest)
    assert state.recovery is Recovery.NOT_YET
    assert "no artifact" in state.why


@pytest.mark.parametrize("key", [release_keys.manifest(SHA), release_keys.artifact(SHA)])
def test_what_was_changed_there_differs(pair: Pair, tmp_path: Path, key: str):
    """A corrupted artifact or manifest is not taken for one that is still on its way."""
    pair.replicate()
    manifest = pair.publish(tmp_path, SHA)
    until(lambda: replica(pair).state(manifest).recoverable)
    body = pair.client().get_object(Bucket=pair.first, Key=key)["Body"].read()
    pair.client(SECOND).put_object(
        Bucket=pair.second, Key=key, Body=body.replace(b"a", b"b"), ChecksumAlgorithm="SHA256"
    )
    state = replica(pair).state(manifest)
    assert state.recovery is Recovery.DIFFERS
    assert SHA in state.why


def test_an_artifact_in_parts_is_compared_without_being_read(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """S3 knows no digest of it: a gigabyte from another region for each line of `list` would be too much."""
    monkeypatch.setattr(upload, "MULTIPART_ABOVE", 1 << 20)
    pair.replicate()
    content = b"x" * (upload.PART + 1)
    manifest = pair.publish(tmp_path, SHA, content)
    found = replica(pair)
    until(lambda: found.state(manifest).recoverable)

    def read(*_: object) -> str:
        raise AssertionError("it was read")

    with monkeypatch.context() as unread:
        unread.setattr(Kept, "read_digest", read)
        assert found.state(manifest).recoverable
    key = release_keys.artifact(SHA)
    pair.client(SECOND).put_object(Bucket=pair.second, Key=key, Body=content[1:], ChecksumAlgorithm="SHA256")
    assert found.state(manifest).recovery is Recovery.DIFFERS
    until(lambda: pair.client().head_object(Bucket=pair.first, Key=key)["ContentLength"] == len(content) - 1)
    assert found.state(manifest).recovery is Recovery.DIFFERS, "what overwrites one side is replicated to the other"


def test_a_region_that_does_not_answer_is_known_as_that(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither recoverable nor not: nobody can tell. Of 200 releases, few are asked about."""
    pair.replicate()
    manifest = pair.publish(tmp_path, SHA)
    found = replica(pair)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    dark = Replica(Peer(bucket=found.bucket, region=found.region), client("s3", SECOND, SHORTLY))
    states = dark.states([manifest] * 200)
    assert states[SHA].recovery is Recovery.UNKNOWN
    assert states[SHA].why == f"region {SECOND} does not answer"


def _copy(pair: Pair, key: str) -> None:
    body = pair.client().get_object(Bucket=pair.first, Key=key)["Body"].read()
    pair.client(SECOND).put_object(Bucket=pair.second, Key=key, Body=body)
