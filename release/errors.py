"""The errors that release/ raises. Each is one clear line: what is wrong, where, and how to fix it."""

from __future__ import annotations


class ReleaseError(Exception):
    """The base of all of them; its message can be shown to the user as it is."""


class RevisionError(ReleaseError):
    """A ref does not name a commit that can be deployed, or a repository can't be read."""


class UnreachableError(RevisionError):
    """A git host did not answer, refused, or stalled."""


class ArtifactError(ReleaseError):
    """A commit's files can't be archived as they are."""


class BuildError(ReleaseError):
    """A build command failed or took too long."""


class ProcfileError(ReleaseError):
    """A Procfile can't be read, or has no such process."""


class ManifestError(ReleaseError):
    """A manifest is malformed."""


class StoreError(ReleaseError):
    """The release store or the ledger can't be read or written."""


class MissingError(StoreError):
    """The store has a part of a release, and another part not yet; `key` is the missing object's."""

    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key


class ConflictError(StoreError):
    """The store has something else under the same name."""


class LedgerError(ReleaseError):
    """An event of the ledger is malformed."""


class ImageError(ReleaseError):
    """The region does not have a machine image."""


class RolloutError(ReleaseError):
    """A rollout that did not end with the new release serving; the message says what serves now, and how to fix it."""


class ConsoleError(ReleaseError):
    """A command that can't be run on an instance, or of which the end is not known."""


class DrillError(ReleaseError):
    """A drill that can't begin, or whose report can't be read."""


class EngineError(ReleaseError):
    """The Pulumi engine is not there, failed, or was not done in time."""


class GitHubError(ReleaseError):
    """GitHub refuses, or what it is asked for is not there."""


class GitHubUnsureError(GitHubError):
    """GitHub failed or did not answer: what was asked of it may have been done."""


class PreviewError(ReleaseError):
    """What was previewed can't be read, or is not what was reviewed."""
