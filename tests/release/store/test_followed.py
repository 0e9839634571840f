"""A stack that follows another one finds its release in one bucket, and refuses what was changed there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from release.artifact.archive import Artifact
from release.clients import client
from release.errors import ReleaseError
from release.store import release_keys
from release.store.followed import Follower
from release.store.ledger import Ledger
from release.store.manifest import Manifest, to_json
from release.store.releases import Store
from tests.release.store.test_follow import A, B, event, in_dr
from tests.release.store.test_releases import archive, manifest_of

pytestmark = pytest.mark.sandbox


@pytest.fixture
def dr(bucket: str) -> Follower:
    """The stack `dr`, which follows `prod`."""
    return Follower(stack="dr", follows="prod", store=Store(bucket), ledger=Ledger(bucket))


def serve(dr: Follower, folder: Path, minute: float, sha: str) -> Manifest:
    """Publish a release that `prod` then serves."""
    artifact: Artifact = archive(folder / sha, sha.encode())
    manifest = dr.store.publish(artifact, manifest_of(artifact, sha))
    dr.ledger.record(event(minute, sha, digest=manifest.digest))
    return manifest


def remove(dr: Follower, key: str) -> None:
    client("s3").delete_object(Bucket=dr.store.bucket, Key=key)


def replace(dr: Follower, key: str, body: bytes) -> None:
    client("s3").put_object(Bucket=dr.store.bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256")


def test_the_last_good_release_is_found_where_it_is_whole(dr: Follower, tmp_path: Path):
    """Of the newest one each part may be missing still: it is named, and the one before is taken."""
    serve(dr, tmp_path, 1, A)
    serve(dr, tmp_path, 2, B)
    assert (dr.last().event.sha, dr.last().passed) == (B, [])
    for key in (release_keys.artifact(B), release_keys.manifest(B)):
        remove(dr, key)
        found = dr.last()
        assert found.event.sha == A
        assert [str(each) for each in found.passed] == [f"{B} was passed over: not in this store yet: {key} is missing"]


def test_a_changed_artifact_is_refused_by_digest(dr: Follower, tmp_path: Path):
    """It is neither deployed nor passed over in silence: both digests are named, and the one before is offered."""
    serve(dr, tmp_path, 1, A)
    manifest = serve(dr, tmp_path, 2, B)
    replace(dr, release_keys.artifact(B), b"x" * manifest.size)

    with pytest.raises(ReleaseError) as error:
        dr.last()
    said = str(error.value)
    assert len(set(re.findall("[0-9a-f]{64}", said))) == 2
    assert manifest.digest in said
    assert f"`SLIPWAY_SHA={A} pulumi up --stack dr`" in said


def test_a_manifest_that_contradicts_the_ledger_is_refused(dr: Follower, tmp_path: Path):
    """The ledger says what served, whoever changed both manifest and artifact."""
    serve(dr, tmp_path, 1, A)
    manifest = serve(dr, tmp_path, 2, B)
    other = archive(tmp_path / "other", b"other")
    replace(dr, release_keys.artifact(B), b"other")
    replace(dr, release_keys.manifest(B), to_json(manifest_of(other, B)).encode())

    with pytest.raises(ReleaseError, match=f"{other.digest}.*{manifest.digest}.*SLIPWAY_SHA={A}"):
        dr.last()


def test_no_other_release_is_offered_where_there_is_none(dr: Follower, tmp_path: Path):
    """The only release was changed."""
    manifest = serve(dr, tmp_path, 2, B)
    replace(dr, release_keys.artifact(B), b"x" * manifest.size)

    with pytest.raises(ReleaseError, match="No other release that served is whole here"):
        dr.last()


def test_a_release_that_was_asked_for_has_to_be_whole(dr: Follower, tmp_path: Path):
    """Whoever names one is not given another one, but told which is there."""
    serve(dr, tmp_path, 1, A)
    serve(dr, tmp_path, 2, B)
    dr.check(B)
    dr.check("c" * 40)  # unknown: it may be published yet
    for key in (release_keys.artifact(B), release_keys.manifest(B)):
        remove(dr, key)
        with pytest.raises(ReleaseError, match=rf"{B} is not whole in this store.*{key}.*SLIPWAY_SHA={A} pulumi up"):
            dr.check(B)


def test_a_stack_that_the_ledger_does_not_know(dr: Follower, tmp_path: Path):
    """A mistyped `follow` is told the stacks that there are."""
    other = Follower(stack="dr", follows="prd", store=dr.store, ledger=dr.ledger)
    with pytest.raises(ReleaseError, match=r"the stack prd, of which .* no event; it has those of no stack"):
        other.last()
    serve(dr, tmp_path, 1, A)
    with pytest.raises(ReleaseError, match=r"the stack prd, .* it has those of prod: correct it"):
        other.last()


def test_a_stack_without_a_good_release_lists_why(dr: Follower):
    """Each one that was passed over is named in the error."""
    dr.ledger.record(event(1, A, "failed", reason="no boot"))
    dr.ledger.record(in_dr(2, B, "started"))

    with pytest.raises(ReleaseError, match=rf"no release that was good(.|\n)*{B}.*not ended(.|\n)*{A}.*no boot"):
        dr.last()
