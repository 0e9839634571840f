"""Turns a ref into a published release, in two steps: `prepare` changes nothing, `publish` writes to the store.

The store answers whatever it can: a published SHA or tag needs neither git nor a git host.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from release import machine_image
from release.artifact import archive, build, build_isolation, temporary
from release.artifact.archive import Artifact
from release.artifact.build import Build
from release.errors import ConflictError, RevisionError, UnreachableError
from release.source import files, procfile, refs
from release.source import revision as revisions
from release.source.revision import Revision
from release.store import cross_check, lookup
from release.store.actor import actor, caller
from release.store.ledger import now
from release.store.manifest import ImageName, Manifest, Origin
from release.store.releases import Store

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What a ref turned out to be: a release in the store, or a commit that `publish` will put there.

    `of` is its manifest if it is published, else the commit. `digest` is None if only the build step will tell.
    `artifact` is the archive, if it has been made already. `new_tags` are the commit's tags that a published release
    does not have yet, as far as git was asked. `notes` are warnings for the user.
    """

    of: Manifest | Revision
    digest: str | None
    image: ImageName
    processes: Mapping[str, str]
    build: Build | None = None
    artifact: Artifact | None = None
    new_tags: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def sha(self) -> str:
        """The commit's full SHA."""
        return self.of.sha

    @property
    def already_published(self) -> bool:
        """Whether the store has it already."""
        return isinstance(self.of, Manifest)


def prepare(
    *,
    repository: str | None,
    ref: str,
    directory: str | None,
    store: Store,
    image: Callable[[], ImageName],
    build: Build | None = None,
    served: Callable[[str], Collection[str]] = lambda _sha: (),
    keep: bool = False,
) -> Publication:
    """Find out what `ref` is and whether it is published. Changes nothing; uses git only if the store can't tell.

    `directory` None means the published one, or the whole tree. `image` chooses the machine image of a release that is
    not published yet; `served` returns the digests that the ledger has for a SHA. With `keep` the archive is made now
    and kept for `publish`, in a temporary folder; otherwise only its digest is computed.

    Raises RevisionError if `ref` names no commit, or two; UnreachableError, listing what is published, if git is needed
    and its host does not answer; ConflictError if the release was published from another directory, or if the ledger or
    git contradicts the store.
    """
    ref = refs.check(ref)
    revision = None
    manifest = lookup.find(store, ref)
    if manifest is None:
        revision = _resolve(repository, ref, directory, store)
        manifest = None if ref == revision.sha else store.manifest(revision.sha)
        if manifest is None:
            return _unpublished(revision, build, image, keep=keep)
        note = _uncommitted(revision)
    else:
        note = None if ref == manifest.sha else cross_check.check_name(ref, manifest.sha, repository)
    _check_directory(manifest, directory)
    notes = cross_check.compare(
        manifest,
        bucket=store.bucket,
        served=served(manifest.sha),
        repository=repository,
        build=build.command if build else None,
    )
    store.check(manifest)
    return Publication(
        of=manifest,
        digest=manifest.digest,
        image=manifest.image,
        processes=manifest.processes,
        new_tags=[tag for tag in revision.tags if tag not in manifest.tags] if revision else (),
        notes=_notes(note, *notes),
    )


def publish(
    prepared: Publication,
    store: Store,
    *,
    by: str | None = None,
    clock: Callable[[], datetime] = now,
    output: Callable[[str], None] = lambda _line: None,
) -> Manifest:
    """Build and upload what `prepare` found; return the manifest that is then in the store.

    That is another publisher's, if they were first. `output` gets the build's lines. Raises ArtifactError, BuildError,
    StoreError.
    """
    if isinstance(prepared.of, Manifest):
        store.tag(prepared.sha, prepared.new_tags)
        return prepared.of
    with temporary.folder() as own:
        artifact = _artifact(prepared, prepared.of, own / "artifact.tar.gz", output)
        manifest = _manifest(prepared, prepared.of, artifact, by or actor(os.environ), clock())
        stored = store.publish(artifact, replace(manifest, published_as=caller(store.region)))
    artifact.path.unlink(missing_ok=True)
    return stored


def newest_image(wanted: ImageName, ec2: EC2Client) -> ImageName:
    """Return the newest machine image that `wanted` matches (`*`, `?`), by name. Raises ImageError if there is none."""
    found = machine_image.newest(wanted.name, wanted.owner, ec2)
    return ImageName(name=found.name, owner=found.owner)


def _resolve(repository: str | None, ref: str, directory: str | None, store: Store) -> Revision:
    if repository is None:
        raise RevisionError(
            f"{ref} is not published, and no repository is set to publish it from: run `pulumi config set --path "
            "slipway:release.repository <path or URL>`, or set SLIPWAY_REPOSITORY"
        )
    try:
        return revisions.resolve(repository, ref, directory or "")
    except UnreachableError as error:
        raise UnreachableError(f"{ref} is not published, and {error}\n{_deployable(store)}") from error


def _deployable(store: Store) -> str:
    known = store.list(_SHOWN)
    if not known:
        return f"{store.where} holds no release yet: the git host is needed for the first one"
    return f"these releases are published and need no git host:\n{lookup.lines(known)}"


def _unpublished(revision: Revision, step: Build | None, image: Callable[[], ImageName], *, keep: bool) -> Publication:
    if step and not step.trusted:
        build_isolation.check()
    text = files.read_file(revision, "Procfile")
    processes = procfile.parse(text, f"{revision.where}, Procfile") if text is not None else {}
    chosen = image()
    artifact = archive.write(revision, temporary.kept() / "artifact.tar.gz") if keep and not step else None
    return Publication(
        of=revision,
        digest=artifact.digest if artifact else None if step else archive.digest(revision)[0],
        image=chosen,
        processes=processes,
        build=step,
        artifact=artifact,
        notes=_notes(_uncommitted(revision)),
    )


def _check_directory(manifest: Manifest, directory: str | None) -> None:
    published = manifest.source.directory
    if directory is not None and revisions.check_directory(directory) != published:
        raise ConflictError(
            f"release {manifest.sha} was published from {_named(published)}, not from {_named(directory)}: a release "
            "never changes; deploy it with that directory, or make a new commit"
        )


def _named(directory: str) -> str:
    return f"directory {directory!r}" if directory else "the whole tree"


def _uncommitted(revision: Revision) -> str | None:
    if not revision.dirty:
        return None
    return (
        f"the work tree of {revision.repository.location} has changes that are not committed: they are not part of "
        f"release {revision.sha}"
    )


def _notes(*said: str | None) -> Sequence[str]:
    return tuple(filter(None, said))


def _artifact(prepared: Publication, revision: Revision, destination: Path, output: Callable[[str], None]) -> Artifact:
    if prepared.artifact and prepared.artifact.path.exists():
        return prepared.artifact
    if prepared.build:
        return build.run(revision, prepared.build, destination, output)
    return archive.write(revision, destination)


def _manifest(prepared: Publication, revision: Revision, artifact: Artifact, by: str, at: datetime) -> Manifest:
    return Manifest(
        sha=revision.sha,
        digest=artifact.digest,
        size=artifact.size,
        image=prepared.image,
        processes=prepared.processes,
        tags=revision.tags,
        source=Origin(
            repository=revision.repository.location, directory=revision.directory, committed=revision.committed
        ),
        build=prepared.build.command if prepared.build else None,
        published_at=at.replace(microsecond=0),
        published_by=by,
    )
