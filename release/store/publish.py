"""A ref becomes a published release. First `prepare`, which changes nothing; then `publish`.

What the store knows (a full SHA, a short one, a tag of a manifest) is answered by the store: no git, no git host.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from release.artifact import archive, build, build_isolation, temporary
from release.artifact.archive import Artifact
from release.artifact.build import Build
from release.errors import ConflictError, RevisionError, UnreachableError
from release.source import files, procfile
from release.source import revision as revisions
from release.source.repository import FULL_SHA
from release.source.revision import Revision
from release.store import cross_check
from release.store.actor import actor, caller
from release.store.ledger import now
from release.store.manifest import ImageName, Manifest, Source
from release.store.releases import Store
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
    one, else those it will have. `notes` are warnings for whoever asked.
    """

    sha: str
    digest: str | None
    image: ImageName
    processes: Mapping[str, str]
    manifest: Manifest | None
    revision: Revision | None
    build: Build | None
    notes: Sequence[str] = ()

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
    repository: str | None,
    ref: str,
    directory: str | None,
    store: Store,
    image: FindImage,
    build: Build | None = None,
    served: Callable[[str], Collection[str]] = lambda _sha: (),
) -> Release:
    """What `ref` is, and whether it is published; nothing is changed, and git needed only if the store can't say.

    `directory` None takes what was published, or the whole tree; `served` says the digests that the ledger has of a
    SHA. Raises RevisionError for no commit, and for a name that means two, UnreachableError (which lists what can be
    deployed) where git is needed and can't be had, ConflictError for a release that was published from another
    directory, or of which the ledger or git says something else than the store.
    """
    ref = revisions.check_ref(ref)
    check = Check(store=store, directory=directory, repository=repository, build=build, served=served)
    manifest = find(store, ref)
    if manifest is not None:
        said = None if ref == manifest.sha else cross_check.check_name(ref, manifest.sha, repository)
        return _published(check, manifest, said)
    if repository is None:
        raise RevisionError(
            f"{ref} is not published, and no repository is set to publish it from: run `pulumi config set --path "
            "slipway:release.repository <path or URL>`, or set SLIPWAY_REPOSITORY"
        )
    try:
        revision = revisions.resolve(repository, ref, directory or "")
    except UnreachableError as error:
        raise UnreachableError(f"{ref} is not published, and {error}\n{_deployable(store)}") from error
    manifest = None if ref == revision.sha else store.manifest(revision.sha)
    if manifest is not None:
        return _published(check, manifest, _uncommitted(revision), revision)
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
    with temporary.folder() as own:
        archive = _archive(revision, release.build, own / "artifact.tar.gz", output)
        manifest = _manifest(release, revision, archive, by or actor(os.environ), clock().replace(microsecond=0))
        return store.publish(archive, replace(manifest, published_as=caller(store.region)))


def lines(manifests: Sequence[Manifest]) -> str:
    """Releases, one a line, for people."""
    return "\n".join(
        f"  {manifest.sha}  {manifest.published_at:%Y-%m-%d %H:%M}  {one_line(' '.join(manifest.tags))}".rstrip()
        for manifest in manifests
    )


@dataclass(frozen=True, kw_only=True)
class Check:
    """What a published release has to agree with."""

    store: Store
    directory: str | None
    repository: str | None
    build: Build | None
    served: Callable[[str], Collection[str]]


def _published(check: Check, manifest: Manifest, said: str | None, revision: Revision | None = None) -> Release:
    directory = check.directory
    if directory is not None and revisions.check_directory(directory) != manifest.source.directory:
        raise ConflictError(
            f"release {manifest.sha} was published from {_named(manifest.source.directory)}, not from "
            f"{_named(directory)}: a release never changes; deploy it with that directory, or make a new commit"
        )
    notes = cross_check.compare(
        manifest,
        bucket=check.store.bucket,
        served=check.served(manifest.sha),
        repository=check.repository,
        build=check.build.command if check.build else None,
    )
    check.store.check(manifest)
    return Release(
        sha=manifest.sha,
        digest=manifest.digest,
        image=manifest.image,
        processes=manifest.processes,
        manifest=manifest,
        revision=revision,
        build=None,
        notes=_notes(said, *notes, procfile.not_run(manifest.processes)),
    )


def _unpublished(revision: Revision, step: Build | None, image: FindImage) -> Release:
    if step and not step.trusted:
        build_isolation.check()
    text = files.read_file(revision, "Procfile")
    where = f"{revision.repository} at {revision.sha[:12]}, Procfile"
    processes = procfile.parse(text, where) if text is not None else {}
    return Release(
        sha=revision.sha,
        digest=None if step else archive.digest(revision)[0],
        image=image(),
        processes=processes,
        manifest=None,
        revision=revision,
        build=step,
        notes=_notes(_uncommitted(revision), procfile.not_run(processes)),
    )


def _uncommitted(revision: Revision) -> str | None:
    if not revision.dirty:
        return None
    return (
        f"the work tree of {revision.repository} has changes that are not committed: they are not part of release "
        f"{revision.sha}"
    )


def _notes(*said: str | None) -> Sequence[str]:
    return tuple(filter(None, said))


def _archive(revision: Revision, step: Build | None, destination: Path, output: Callable[[str], None]) -> Artifact:
    if step is None:
        return archive.build(revision, destination)
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
