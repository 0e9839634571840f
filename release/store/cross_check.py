"""What the bucket says of a release is compared with whoever else knows: the ledger, and git where it is at hand.

Whoever can write the bucket could otherwise say what runs under a reviewed SHA. Only git that is on this machine is
asked what a commit holds; of a host it is asked at most, and not for long, what a name means.
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
    """What could not be compared, in words for the user. ConflictError for a manifest that says something else.

    `served` are the digests that the ledger has of this SHA; `build` is the command that the settings name, if any.
    """
    check_served(manifest, bucket=bucket, served=served)
    restore = _restore(manifest, bucket)
    source = open_present(repository, manifest.sha) if repository else None
    notes: list[str] = []
    if manifest.build is not None and build is None and not served:
        notes.append(
            f"release {manifest.sha} says that `{manifest.build}` built it, and the settings name no build step, so "
            "its artifact can't be compared with the commit: where that is right, set slipway:release.build.command "
            "(or --build)"
        )
    if source:
        try:
            _compare_with_git(manifest, revisions.present(source, manifest.sha, manifest.source.directory), restore)
        except ConflictError:
            raise
        except ReleaseError as error:  # a clone without some of its files, say: the release needs no git
            notes.append(f"release {manifest.sha} was not compared with git: {error}")
    return notes


def check_served(manifest: Manifest, *, bucket: str, served: Collection[str]) -> None:
    """ConflictError where something else has served by that SHA."""
    if served and manifest.digest not in served:
        raise ConflictError(
            f"release {manifest.sha}: its manifest has the digest {manifest.digest}, and what served by that SHA had "
            f"{' or '.join(sorted(served))}, by the ledger: {_restore(manifest, bucket)}"
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
            f"release {manifest.sha}: its manifest has the digest {manifest.digest}, and the files of {revision.where} "
            f"have {digest}: {restore}; if another version of Slipway published it, deploy a new commit"
        )
    text = files.read_file(revision, "Procfile")
    declared = procfile.parse(text, f"{revision.where}, Procfile") if text is not None else {}
    for process in sorted({*declared, *manifest.processes}):
        ours, theirs = declared.get(process), manifest.processes.get(process)
        if ours != theirs:
            raise ConflictError(
                f"release {manifest.sha}: by its manifest process {process!r} runs {theirs or 'nothing'!r}, by the "
                f"Procfile of {revision.where} {ours or 'nothing'!r}: {restore}"
            )


def check_name(ref: str, sha: str, repository: str | None) -> str | None:
    """What to tell about a published tag, or the beginning of a SHA, that was taken without asking git.

    RevisionError where the repository has a branch, a tag or a commit by that name which is another commit.
    """
    taken = f"{ref!r} is taken as the published release {sha}"
    if repository is None:
        return None if sha.startswith(ref.lower()) else f"{taken}: no repository is set, to look for a branch in"
    try:
        meanings = refs.meanings(repository, ref, sha)
    except UnreachableError as error:
        return f"{taken}: whether the repository has a branch by that name can't be told ({error})"
    except RevisionError as error:
        return None if sha.startswith(ref.lower()) else f"{taken}, without git: {error}"
    other = {name: found for name, found in meanings.items() if found != sha}
    if other:
        said = " and ".join(f"{name} ({found[:12]})" for name, found in other.items())
        raise RevisionError(
            f"{ref!r} is published as release {sha[:12]}, and the repository has {said}: give the SHA, or the ref's "
            f"full name ({next(iter(other))})"
        )
    return None
