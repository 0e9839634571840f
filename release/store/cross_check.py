"""Compares what the store says about a release with the ledger, and with git if it has the commit on this machine.

Otherwise whoever can write the bucket could decide what runs under a reviewed SHA. A git host is asked at most what a
name means, and not for long.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from release.artifact import archive
from release.errors import ConflictError, ReleaseError, RevisionError, UnreachableError
from release.source import files, procfile, refs
from release.source import revision as revisions
from release.source.repository import open_present
from release.source.revision import Revision
from release.store.manifest import Manifest


def compare(
    manifest: Manifest, *, bucket: str, served: Collection[str], repository: str | None, build: str | None
) -> Sequence[str]:
    """Compare a manifest with the ledger and git; return notes for the user about what could not be compared.

    `served` are the digests that the ledger has for this SHA; `build` is the settings' build command, if there is one.
    Raises ConflictError if the manifest contradicts either.
    """
    check_served(manifest, bucket=bucket, served=served)
    restore = _restore(manifest, bucket)
    source = open_present(repository, manifest.sha) if repository else None
    notes: list[str] = []
    if manifest.build is not None and build is None and not served:
        notes.append(
            f"the artifact of release {manifest.sha} can't be compared with the commit: its manifest says that "
            f"`{manifest.build}` built it, but the settings have no build step; if that is right, set "
            "slipway:release.build.command (or --build)"
        )
    if source:
        try:
            _compare_with_git(manifest, revisions.present(source, manifest.sha, manifest.source.directory), restore)
        except ConflictError:
            raise
        except ReleaseError as error:  # the release does not need git, which may lack files (a partial clone)
            notes.append(f"release {manifest.sha} was not compared with git: {error}")
    return notes


def check_served(manifest: Manifest, *, bucket: str, served: Collection[str]) -> None:
    """Raise ConflictError if the ledger says that another digest has served under the manifest's SHA."""
    if served and manifest.digest not in served:
        raise ConflictError(
            f"release {manifest.sha}: its manifest has the digest {manifest.digest}, but the ledger says that what "
            f"served under this SHA had {' or '.join(sorted(served))}: {_restore(manifest, bucket)}"
        )


def _restore(manifest: Manifest, bucket: str) -> str:
    return (
        f"someone changed releases/{manifest.sha}/manifest.json after it was published. The bucket keeps versions: "
        f"remove the new one (`aws s3api list-object-versions --bucket {bucket} --prefix releases/{manifest.sha}/`, "
        "then delete-object with its --version-id)"
    )


def _compare_with_git(manifest: Manifest, revision: Revision, restore: str) -> None:
    if manifest.build is None and (digest := archive.digest(revision)[0]) != manifest.digest:
        raise ConflictError(
            f"release {manifest.sha}: its manifest has the digest {manifest.digest}, but the files of {revision.where} "
            f"have {digest}: {restore}; if another version of Slipway published it, deploy a new commit"
        )
    text = files.read_file(revision, "Procfile")
    declared = procfile.parse(text, f"{revision.where}, Procfile") if text is not None else {}
    for process in sorted({*declared, *manifest.processes}):
        ours, theirs = declared.get(process), manifest.processes.get(process)
        if ours != theirs:
            raise ConflictError(
                f"release {manifest.sha}: its manifest has {theirs or 'nothing'!r} for process {process!r}, but the "
                f"Procfile of {revision.where} has {ours or 'nothing'!r}: {restore}"
            )


def check_name(ref: str, sha: str, repository: str | None) -> str | None:
    """Return a note for the user if a published tag or short SHA could not be compared with the repository.

    Raises RevisionError if the repository has a branch, a tag or a commit of that name that is another commit.
    """
    taken = f"{ref!r} is taken to mean the published release {sha}"
    if repository is None:
        return (
            None
            if sha.startswith(ref.lower())
            else f"{taken}: no repository is set in which to look for a branch of that name"
        )
    try:
        meanings = refs.meanings(repository, ref, sha)
    except UnreachableError as error:
        return f"{taken}: the repository can't be asked for a branch of that name ({error})"
    except RevisionError as error:
        return None if sha.startswith(ref.lower()) else f"{taken}, without git: {error}"
    other = {name: found for name, found in meanings.items() if found != sha}
    if other:
        said = " and ".join(f"{name} ({found[:12]})" for name, found in other.items())
        raise RevisionError(
            f"{ref!r} is published as release {sha[:12]}, but the repository has {said}: give the SHA, or the ref's "
            f"full name ({next(iter(other))})"
        )
    return None
