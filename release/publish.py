"""A ref becomes a published release. First `prepare`, which changes nothing; then `publish`.

What the store knows (a full SHA, a short one, a tag of a manifest) is answered by the store: no git, no git host.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from release import artifact, build, procfile, scratch, tree
from release import revision as revisions
from release.actor import actor, caller
from release.artifact import Artifact
from release.build import Build
from release.errors import ConflictError, RevisionError, UnreachableError
from release.ledger import now
from release.manifest import ImageName, Manifest, Source
from release.repository import FULL_SHA
from release.revision import Revision
from release.store import Store
from release.text import one_line

_SHORT = re.compile(r"[0-9a-f]{7,39}")
_ONLY_GIT = re.compile(r"(HEAD|@)($|[~^@:])|.*[~^:]|refs/")
_SHOWN = 10


class FindImage(Protocol):
    """What says which machine image a release that isn't published yet will boot."""

    def __call__(self) -> ImageName: ...


@dataclass(frozen=True, kw_only=True)
class Release:
    """A plan: what `publish` would make of a ref, or what is there already.

    `digest` is None where only the build step will tell. `processes` and `image` are the manifest's where there is
    one, else those it will have. `dirty`: uncommitted changes stay behind.
    """

    sha: str
    digest: str | None
    image: ImageName
    processes: Mapping[str, str]
    manifest: Manifest | None
    revision: Revision | None
    build: Build | None
    dirty: bool

    @property
    def already_published(self) -> bool:
        """Whether there is nothing left to publish."""
        return self.manifest is not None

    @property
    def new_tags(self) -> Sequence[str]:
        """Tags of the commit, as far as git was asked, that it did not have yet when it was published."""
        if self.manifest is None or self.revision is None:
            return ()
        return [tag for tag in self.revision.tags if tag not in self.manifest.tags]


def prepare(
    *,
    repository: str,
    ref: str,
    directory: str | None,
    store: Store,
    image: FindImage,
    build: Build | None = None,
) -> Release:
    """What `ref` is, and whether it is published; nothing is changed, and git asked only if the store can't say.

    `directory` None takes what was published, or the whole tree. Raises RevisionError for no commit, UnreachableError
    (which lists what can be deployed) where git is needed and can't be had, ConflictError for a release that was
    published from another directory.
    """
    ref = revisions.check_ref(ref)
    manifest = find(store, ref)
    if manifest is not None:
        return _published(store, manifest, directory)
    try:
        revision = revisions.resolve(repository, ref, directory or "")
    except UnreachableError as error:
        raise UnreachableError(f"{ref} is not published, and {error}\n{_deployable(store)}") from error
    manifest = None if ref == revision.sha else store.manifest(revision.sha)
    if manifest is not None:
        return _published(store, manifest, directory, revision)
    return _unpublished(revision, build, image)


def find(store: Store, ref: str) -> Manifest | None:
    """The published release that `ref` names by its SHA, seven or more digits of it, or a tag; None where none does.

    RevisionError where it names several.
    """
    if FULL_SHA.fullmatch(ref):
        return store.manifest(ref)
    if _ONLY_GIT.match(ref):
        return None
    found = store.by_prefix(ref.lower()) if _SHORT.fullmatch(ref.lower()) else ()
    found = found or store.by_tag(ref)
    if len(found) > 1:
        raise RevisionError(
            f"{ref!r} names {len(found)} releases in {store.where}: give the SHA of one\n{lines(found)}"
        )
    return found[0] if found else None


def publish(
    release: Release,
    store: Store,
    *,
    by: str | None = None,
    clock: Callable[[], datetime] = now,
    output: Callable[[str], None] = lambda _line: None,
) -> Manifest:
    """Build and upload what `prepare` planned; the manifest that is then in the store (another's, if they were first).

    `output` gets the build's lines. Raises ArtifactError, BuildError, StoreError.
    """
    if release.manifest is not None:
        store.tag(release.sha, release.new_tags)
        return release.manifest
    revision = release.revision
    if revision is None:
        raise ValueError("a release that isn't published has a revision")
    with scratch.folder() as own:
        archive = _archive(revision, release.build, own / "artifact.tar.gz", output)
        manifest = _manifest(release, revision, archive, by or actor(os.environ), clock().replace(microsecond=0))
        return store.publish(archive, replace(manifest, published_as=caller(store.region)))


def lines(manifests: Sequence[Manifest]) -> str:
    """Releases, one a line, for people."""
    return "\n".join(
        f"  {manifest.sha}  {manifest.published_at:%Y-%m-%d %H:%M}  {one_line(' '.join(manifest.tags))}".rstrip()
        for manifest in manifests
    )


def _published(store: Store, manifest: Manifest, directory: str | None, revision: Revision | None = None) -> Release:
    if directory is not None and revisions.check_directory(directory) != manifest.source.directory:
        raise ConflictError(
            f"release {manifest.sha} was published from {_named(manifest.source.directory)}, not from "
            f"{_named(directory)}: a release never changes; deploy it with that directory, or make a new commit"
        )
    store.check(manifest)
    return Release(
        sha=manifest.sha,
        digest=manifest.digest,
        image=manifest.image,
        processes=manifest.processes,
        manifest=manifest,
        revision=revision,
        build=None,
        dirty=revision.dirty if revision else False,
    )


def _unpublished(revision: Revision, step: Build | None, image: FindImage) -> Release:
    text = tree.read_file(revision, "Procfile")
    where = f"{revision.repository} at {revision.sha[:12]}, Procfile"
    return Release(
        sha=revision.sha,
        digest=None if step else artifact.digest(revision)[0],
        image=image(),
        processes=procfile.parse(text, where) if text is not None else {},
        manifest=None,
        revision=revision,
        build=step,
        dirty=revision.dirty,
    )


def _archive(revision: Revision, step: Build | None, destination: Path, output: Callable[[str], None]) -> Artifact:
    if step is None:
        return artifact.build(revision, destination)
    return build.run(revision, step, destination, output)


def _manifest(release: Release, revision: Revision, archive: Artifact, by: str, at: datetime) -> Manifest:
    return Manifest(
        sha=revision.sha,
        digest=archive.digest,
        size=archive.size,
        image=release.image,
        processes=release.processes,
        tags=revision.tags,
        source=Source(repository=revision.repository, directory=revision.directory, committed=revision.committed),
        build=release.build.command if release.build else None,
        published_at=at,
        published_by=by,
    )


def _deployable(store: Store) -> str:
    known = store.list(_SHOWN)
    if not known:
        return f"{store.where} holds no release yet: the git host is needed for the first one"
    return f"these releases are published and need no git host:\n{lines(known)}"


def _named(directory: str) -> str:
    return f"directory {directory!r}" if directory else "the whole tree"
