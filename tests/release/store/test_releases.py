"""The store, over HTTP: what is put is put once, and errors say what to do."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from release.artifact.archive import Artifact
from release.clients import client
from release.errors import ConflictError, ManifestError, StoreError
from release.store import release_keys, upload
from release.store.manifest import Manifest
from release.store.releases import Store
from tests.release.store.test_manifest import MANIFEST

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

pytestmark = pytest.mark.sandbox


def archive(path: Path, content: bytes) -> Artifact:
    path.write_bytes(content)
    return Artifact(path=path, digest=hashlib.sha256(content).hexdigest(), size=len(content))


def manifest_of(artifact: Artifact, sha: str = "a" * 40, **changes: object) -> Manifest:
    return replace(MANIFEST, sha=sha, digest=artifact.digest, size=artifact.size, **changes)


@pytest.fixture
def store(bucket: str) -> Store:
    return Store(bucket)


def test_a_release_is_what_was_put(store: Store, tmp_path: Path):
    """Before, there is none; after, manifest and artifact are there, and both survive a check of every byte."""
    artifact = archive(tmp_path / "a", b"one")
    manifest = manifest_of(artifact)
    assert store.manifest(manifest.sha) is None
    assert store.publish(artifact, manifest) == manifest
    assert store.manifest(manifest.sha) == manifest
    store.verify(manifest)
    store.download(manifest, tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"one"


def test_publishing_again_changes_nothing(store: Store, tmp_path: Path):
    """The second time the first manifest comes back, whoever asks."""
    artifact = archive(tmp_path / "a", b"one")
    first = store.publish(artifact, manifest_of(artifact))
    again = store.publish(artifact, manifest_of(artifact, published_by="sam"))
    assert again == first
    assert again.published_by == "alex"


def test_another_digest_is_refused(store: Store, tmp_path: Path):
    """Without a build step, other bytes under the same SHA are an error, and the store keeps the first ones."""
    artifact = archive(tmp_path / "a", b"one")
    first = store.publish(artifact, manifest_of(artifact))
    other = archive(tmp_path / "b", b"two")
    with pytest.raises(ConflictError, match="a release never changes"):
        store.publish(other, manifest_of(other))
    store.verify(first)


def test_of_two_builds_the_first_is_the_release(store: Store, tmp_path: Path):
    """A build's bytes may differ: the first publisher's manifest is what the second gets."""
    artifact, other = archive(tmp_path / "a", b"one"), archive(tmp_path / "b", b"two")
    first = store.publish(artifact, manifest_of(artifact, build="make"))
    assert store.publish(other, manifest_of(other, build="make")) == first


def test_a_publisher_that_died_half_way(store: Store, tmp_path: Path):
    """An artifact without a manifest is taken over: with its own digest, not the second publisher's."""
    artifact, other = archive(tmp_path / "a", b"one"), archive(tmp_path / "b", b"three")
    upload.put_new_file(client("s3"), store.bucket, release_keys.artifact("a" * 40), artifact)
    assert store.manifest("a" * 40) is None
    with pytest.raises(ConflictError):
        store.publish(other, manifest_of(other))
    taken = store.publish(other, manifest_of(other, build="make"))
    assert (taken.digest, taken.size) == (artifact.digest, 3)
    store.verify(taken)


@pytest.mark.parametrize("size", [3, (1 << 20) + 7])
def test_publishers_that_race(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int):
    """Of several at once, with different bytes, all end with one and the same release, and its artifact is whole."""
    monkeypatch.setattr(upload, "MULTIPART_ABOVE", 1 << 20)
    artifacts = [archive(tmp_path / str(number), bytes([number]) * size) for number in range(4)]
    barrier = threading.Barrier(len(artifacts))
    results: list[Manifest] = []

    def run(artifact: Artifact) -> None:
        barrier.wait(timeout=30)
        results.append(Store(store.bucket).publish(artifact, manifest_of(artifact, build="make")))

    threads = [threading.Thread(target=run, args=(artifact,)) for artifact in artifacts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(results) == len(artifacts)
    assert len(set(map(repr, results))) == 1
    store.verify(results[0])


def test_a_large_artifact_goes_in_parts(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Above a limit it is a multipart upload: its digest is kept, it is put once, and no part is left over."""
    monkeypatch.setattr(upload, "MULTIPART_ABOVE", 6 << 20)
    monkeypatch.setattr(upload, "PART", 5 << 20)
    artifact = archive(tmp_path / "a", b"0123456789abcdef" * (11 << 16))
    manifest = store.publish(artifact, manifest_of(artifact))
    s3 = client("s3")
    assert s3.head_object(Bucket=store.bucket, Key=release_keys.artifact(manifest.sha))["ETag"].endswith('-3"')
    store.verify(manifest)
    other = archive(tmp_path / "b", b"x" * (7 << 20))
    assert upload.put_new_file(s3, store.bucket, release_keys.artifact(manifest.sha), other) is upload.ALREADY_THERE
    store.verify(manifest)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=store.bucket)


def test_an_interrupted_upload_is_aborted(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ctrl-C in the middle leaves no parts, which would be paid for unseen."""
    monkeypatch.setattr(upload, "MULTIPART_ABOVE", 1)
    s3 = client("s3")

    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(s3, "upload_part", interrupted)
    artifact = archive(tmp_path / "a", b"one")
    with pytest.raises(KeyboardInterrupt):
        Store(store.bucket, s3).publish(artifact, manifest_of(artifact))
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=store.bucket)
    assert store.manifest("a" * 40) is None


def test_what_is_corrupt_is_found(store: Store, tmp_path: Path):
    """An artifact that was replaced, or is gone, is never taken for the release."""
    artifact = archive(tmp_path / "a", b"one")
    manifest = store.publish(artifact, manifest_of(artifact))
    s3 = client("s3")
    s3.put_object(Bucket=store.bucket, Key=release_keys.artifact(manifest.sha), Body=b"two")
    for look in (store.check, store.verify):
        with pytest.raises(ConflictError, match="has the digest"):
            look(manifest)
    with pytest.raises(ConflictError):
        store.download(manifest, tmp_path / "b")
    assert not (tmp_path / "b").exists()
    s3.delete_object(Bucket=store.bucket, Key=release_keys.artifact(manifest.sha))
    with pytest.raises(StoreError, match="has a manifest but no artifact: if this bucket is a replica"):
        store.check(manifest)


def test_list_tags_and_prefixes(store: Store, tmp_path: Path):
    """Releases are listed; found by tags, of any characters, and by the beginning of their SHA."""
    artifact = archive(tmp_path / "a", b"one")
    shas = ["abc1" * 10, "abc2" * 10, "def0" * 10]
    for sha, tags in zip(shas, [("v1", "moved"), ("rel/2 ü", "moved"), ()], strict=True):
        store.publish(artifact, manifest_of(artifact, sha, tags=tags))
    client("s3").put_object(Bucket=store.bucket, Key="releases/README", Body=b"not a release")
    assert {manifest.sha for manifest in store.list()} == set(shas)
    assert len(store.list(2)) == 2
    assert [manifest.sha for manifest in store.by_tag("v1")] == shas[:1]
    assert [manifest.sha for manifest in store.by_tag("rel/2 ü")] == [shas[1]]
    assert len(store.by_tag("moved")) == 2
    assert not store.by_tag("v")
    assert [manifest.sha for manifest in store.by_prefix("def0")] == [shas[2]]
    assert len(store.by_prefix("abc")) == 2


def test_a_manifest_in_the_wrong_place(store: Store, tmp_path: Path):
    """A manifest that was copied by hand to another SHA is refused."""
    artifact = archive(tmp_path / "a", b"one")
    store.publish(artifact, manifest_of(artifact))
    client("s3").copy_object(
        Bucket=store.bucket,
        Key=release_keys.manifest("b" * 40),
        CopySource={"Bucket": store.bucket, "Key": release_keys.manifest("a" * 40)},
    )
    with pytest.raises(StoreError, match=f"is the manifest of {'a' * 40}"):
        store.manifest("b" * 40)


class Refusing:
    """An S3 client that answers everything with one error, as botocore would raise it."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __getattr__(self, name: str) -> object:
        def answer(**_: object) -> None:
            raise ClientError({"Error": {"Code": self._code, "Message": "said AWS"}}, "GetObject")

        return answer


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "access denied: .* must allow GetObject"),
        ("NoSuchBucket", ".*no such bucket"),
        ("ExpiredToken", ".*expired: sign in again"),
        ("InvalidAccessKeyId", ".*does not know these credentials"),
        ("SlowDown", ".*still throttles GetObject after 10 attempts"),
        ("InternalError", "GetObject answered InternalError: said AWS"),
    ],
)
def test_errors_of_aws(code: str, said: str):
    """Each is one line with the bucket, what was tried, and the way out."""
    with pytest.raises(StoreError, match=f"^bucket b: could not read releases/a+/manifest.json: {said}"):
        Store("b", cast("S3Client", Refusing(code))).manifest("a" * 40)


def test_errors_before_aws(monkeypatch: pytest.MonkeyPatch, aws: str):
    """No bucket, no credentials, no region, nobody there: each is explained."""
    with pytest.raises(StoreError, match="no such bucket"):
        Store("slipway-none").list()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StoreError, match="check the region, the network"):
        Store("slipway-none").list()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(StoreError, match="set AWS_REGION"):
        client("sts")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(StoreError, match="no AWS credentials"):
        Store("slipway-none").list()


def test_one_odd_manifest_hides_no_release(bucket: str, tmp_path: Path):
    """A later version's, somebody's by hand, or none at all: left out of lists with a warning; an error alone."""
    warned: list[str] = []
    store = Store(bucket, warn=warned.append)
    artifact = archive(tmp_path / "a", b"one")
    store.publish(artifact, manifest_of(artifact, "a1" * 20))
    s3 = client("s3")
    good = s3.get_object(Bucket=bucket, Key=release_keys.manifest("a1" * 20))["Body"].read()
    odd = {
        "a2" * 20: b"[" * 3000,
        "a3" * 20: b"",
        "a4" * 20: good,
        "a5" * 20: good.replace(b'"schema": 1', b'"schema": 2'),
        "a6" * 20: b" " * (2 << 20),
    }
    for sha, body in odd.items():
        s3.put_object(Bucket=bucket, Key=release_keys.manifest(sha), Body=body)
        s3.put_object(Bucket=bucket, Key=f"releases/tags/v1.2/{sha}", Body=b"")
    for key in ("releases/", "releases/readme", "releases/tags/v1.2/", "releases/tags/v1.2/notes", "releases/x/y/z"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    for found in (store.list(), store.list(1), store.by_tag("v1.2"), store.by_prefix("a")):
        assert [manifest.sha for manifest in found] == ["a1" * 20]
    assert all(sha in "".join(warned) for sha in odd)
    with pytest.raises(ManifestError, match="schema 2; this version of slipway reads 1: update slipway"):
        store.manifest("a5" * 20)
