"""What a deploy does about a release that S3 does not replicate by itself."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from release.store.arrival import Requirement
from release.store.replica import Peer, Replica
from tests.release.store import replicated
from tests.release.store.replicated import SECOND, Pair

pytestmark = pytest.mark.sandbox


@pytest.fixture
def pair(aws: str) -> Pair:
    return replicated.make(f"slipway-{uuid.uuid4().hex[:12]}")


def requirement(pair: Pair) -> Requirement:
    replica = Replica(Peer(bucket=pair.second, region=SECOND))
    return Requirement(replica=replica, origin=pair.store, seconds=60, required=True, insisted=False)


def test_what_was_published_before_there_was_a_replica_is_brought_over(pair: Pair, tmp_path: Path):
    """The first deploy with a replica neither waits in vain nor is refused."""
    manifest = pair.publish(tmp_path, "a" * 40)
    pair.replicate()
    said: list[str] = []
    requirement(pair).meet(manifest, said.append, said.append)
    assert requirement(pair).replica.state(manifest).recoverable
    assert "published before there was a replica" in said[0]


def test_what_s3_replicates_by_itself_is_waited_for(pair: Pair, tmp_path: Path):
    """No job is made for it."""
    pair.replicate()
    manifest = pair.publish(tmp_path, "b" * 40)
    said: list[str] = []
    requirement(pair).meet(manifest, said.append, said.append)
    assert requirement(pair).replica.state(manifest).recoverable
    assert not any("job" in line for line in said)
