"""From a ref to a published release: planned without a change, then done once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial

import pytest

from release.artifact.build import Build
from release.clients import client
from release.errors import ArtifactError, ConflictError, ImageError, ReleaseError, RevisionError, UnreachableError
from release.source import files, revision
from release.store import lookup, publish
from release.store.actor import actor
from release.store.manifest import ImageName, Manifest
from release.store.publish import Publication
from release.store.releases import Store
from tests.release.conftest import Clone

pytestmark = pytest.mark.sandbox

IMAGE = ImageName(name="al2023-1", owner="amazon")
DARK = "http://127.0.0.1:1/site.git"
AT = datetime(2024, 6, 1, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def store(bucket: str) -> Store:
    return Store(bucket)


def plan(
    store: Store, repository: object, ref: str, directory: str | None = None, build: str | None = None
) -> Publication:
    step = Build(command=build) if build else None
    return publish.prepare(
        repository=str(repository), ref=ref, directory=directory, store=store, image=lambda: IMAGE, build=step
    )


def published(store: Store, clone: Clone, ref: str, directory: str | None = None, build: str | None = None) -> Manifest:
    return publish.publish(plan(store, clone.path, ref, directory, build), store, by="alex", clock=lambda: AT)


def test_a_plan_changes_nothing(store: Store, clone: Clone):
    """The plan says SHA, digest, image and processes; the store stays empty; publishing makes just that."""
    planned = plan(store, clone.path, "v1")
    assert "Contents" not in client("s3").list_objects_v2(Bucket=store.bucket)
    assert (planned.sha, planned.already_published) == (clone.git("rev-parse", "v1"), False)
    assert planned.processes == {"web": "python3 app.py"}
    manifest = publish.publish(planned, store, by="alex", clock=lambda: AT)
    assert (manifest.digest, manifest.image, manifest.published_at) == (planned.digest, IMAGE, AT)
    assert (manifest.tags, manifest.source.repository) == (("v1",), str(clone.path))
    store.verify(manifest)


def test_what_is_published_needs_no_git(store: Store, clone: Clone, monkeypatch: pytest.MonkeyPatch):
    """With the git host dark and no git at all: a full SHA, a short one and a tag are found."""
    manifest = published(store, clone, "v1")

    def no_git(*_: object) -> None:
        raise AssertionError("git was asked")

    monkeypatch.setattr(revision, "resolve", no_git)
    monkeypatch.setenv("PATH", "/nowhere")
    for ref in (manifest.sha, manifest.sha.upper(), manifest.sha[:8], "v1"):
        found = plan(store, DARK, ref)
        assert found.already_published
        assert found.of == manifest
        assert publish.publish(found, store) == manifest


def test_release_is_imported_without_git(monkeypatch: pytest.MonkeyPatch):
    """GitPython can't be imported on a machine without git: nothing imports it before git is needed."""
    import subprocess

    command = "import sys, release.store.publish, release.__main__; sys.exit('git' in sys.modules)"
    monkeypatch.setenv("PATH", "/nowhere")
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


def test_an_unpublished_ref_with_the_host_dark(store: Store, clone: Clone):
    """The error lists what can be deployed all the same; with an empty store it says so."""
    with pytest.raises(UnreachableError, match="holds no release yet"):
        plan(store, DARK, "main")
    manifest = published(store, clone, "v1")
    with pytest.raises(UnreachableError) as caught:
        plan(store, DARK, "main")
    assert "main is not published, and http://127.0.0.1:1/site.git" in str(caught.value)
    assert f"  {manifest.sha}  2024-06-01 12:00  v1" in str(caught.value)


def test_a_branch_of_a_published_commit(store: Store, clone: Clone):
    """A branch is looked up in git; the commit it is at may be published already."""
    manifest = published(store, clone, "main")
    found = plan(store, clone.path, "HEAD")
    assert found.of == manifest
    clone.write("app.py", "print('dirty')\n")
    assert "not committed" in plan(store, clone.path, "HEAD").notes[0]


def test_a_tag_that_was_made_afterwards(store: Store, clone: Clone):
    """Published on merge, tagged for the release: from then on the tag is found without git."""
    sha = published(store, clone, "main").sha
    clone.git("tag", "v2", "main")
    again = plan(store, clone.path, "v2")
    assert (again.already_published, again.new_tags) == (True, ["v2"])
    publish.publish(again, store)
    found = lookup.find(store, "v2")
    assert found is not None
    assert found.sha == sha


def test_a_tag_that_was_moved(store: Store, clone: Clone):
    """A tag that two releases have names neither of them."""
    published(store, clone, "v1")
    clone.git("tag", "--force", "v1", "main")
    published(store, clone, "main")
    with pytest.raises(RevisionError, match="names 2 releases"):
        plan(store, clone.path, "v1")


def test_another_directory(store: Store, clone: Clone):
    """A release is one directory of a commit: another is refused; none given takes the published one."""
    manifest = published(store, clone, "v1", "shop")
    assert manifest.source.directory == "shop"
    assert manifest.processes == {}
    assert plan(store, clone.path, "v1").of == manifest
    assert plan(store, clone.path, "v1", "shop/").of == manifest
    with pytest.raises(ConflictError, match="published from directory 'shop', not from the whole tree"):
        plan(store, clone.path, "v1", "")


def test_with_a_build_step(store: Store, clone: Clone):
    """The digest is known once it is built; the plan doesn't build; the command is in the manifest."""
    command = "date +%N > built; echo built"
    planned = plan(store, clone.path, "main", build=command)
    assert planned.digest is None
    lines: list[str] = []
    manifest = publish.publish(planned, store, output=lines.append)
    assert (lines, manifest.build) == (["built"], command)
    assert publish.publish(planned, store) == manifest
    assert plan(store, clone.path, "main", build=command).digest == manifest.digest


def test_the_archive_is_made_once(store: Store, clone: Clone, monkeypatch: pytest.MonkeyPatch):
    """With `keep`, the archive that told the digest is uploaded and then removed. A preview makes none."""
    ask = partial(
        publish.prepare, repository=str(clone.path), ref="v1", directory=None, store=store, image=lambda: IMAGE
    )
    assert ask().artifact is None
    kept = ask(keep=True)
    assert kept.artifact is not None
    assert kept.artifact.digest == kept.digest
    assert "Contents" not in client("s3").list_objects_v2(Bucket=store.bucket)
    with monkeypatch.context() as patched:
        patched.setattr(files, "contents", None)  # no file of the commit is read again
        manifest = publish.publish(kept, store)
    store.verify(manifest)
    assert not kept.artifact.path.exists()
    assert publish.publish(kept, store) == manifest


def test_bad_input_changes_nothing(store: Store, clone: Clone):
    """A bad ref, Procfile, link or image is refused while planning."""
    clone.write("Procfile", "not a procfile\n")
    clone.commit()
    clone.git("tag", "bad-procfile")
    clone.write("Procfile", "web: x\n")
    (clone.path / "out").symlink_to("/etc")
    clone.commit()
    clone.git("tag", "bad-link")

    def no_image() -> ImageName:
        raise ImageError("region x: none")

    cases: list[tuple[str, Callable[[], ImageName], type[ReleaseError]]] = [
        ("nope", lambda: IMAGE, RevisionError),
        ("bad-procfile", lambda: IMAGE, ReleaseError),
        ("bad-link", lambda: IMAGE, ArtifactError),
        ("v1", no_image, ImageError),
    ]
    for ref, image, error in cases:
        with pytest.raises(error):
            publish.prepare(repository=str(clone.path), ref=ref, directory=None, store=store, image=image)
    assert "Contents" not in client("s3").list_objects_v2(Bucket=store.bucket)


def test_an_artifact_that_did_not_replicate(store: Store, clone: Clone):
    """In a replica the manifest may be first: the plan says to wait, rather than boot instances that can't."""
    manifest = published(store, clone, "v1")
    client("s3").delete_object(Bucket=store.bucket, Key=f"releases/{manifest.sha}/artifact.tar.gz")
    with pytest.raises(ReleaseError, match="no artifact: if this bucket is a replica, wait"):
        plan(store, DARK, "v1")


def test_who():
    """The person behind a CI run, or whoever SLIPWAY_BY names; else the machine's user."""
    assert actor({"GITHUB_ACTOR": "alex"}) == "alex (GitHub Actions)"
    assert actor({"GITHUB_ACTOR": "alex", "SLIPWAY_BY": "the nightly job"}) == "the nightly job"
    assert actor({})
