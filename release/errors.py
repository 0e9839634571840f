"""Every error that `release/` raises: one clear line that says what is wrong, where, and what mends it."""

from __future__ import annotations


class ReleaseError(Exception):
    """Base of all of them; its message is fit to be shown to the user as it is."""


class RevisionError(ReleaseError):
    """A ref that is no commit that can be deployed, or a repository that cannot be read."""


class UnreachableError(RevisionError):
    """A git host that did not answer, refused, or stalled."""


class ArtifactError(ReleaseError):
    """A commit whose files cannot be archived as they are."""


class BuildError(ReleaseError):
    """A build command that failed or took too long."""


class ProcfileError(ReleaseError):
    """A Procfile that cannot be read, or a process it doesn't name."""


class ManifestError(ReleaseError):
    """A manifest that isn't one."""


class StoreError(ReleaseError):
    """The release store or the ledger cannot be read or written."""


class ConflictError(StoreError):
    """What is already in the store differs from what was to be put there."""


class LedgerError(ReleaseError):
    """An event of the ledger that isn't one."""


class ImageError(ReleaseError):
    """A machine image that does not exist in the region."""


class RolloutError(ReleaseError):
    """A rollout that did not end with the new release serving; the message says what serves now, and how to fix it."""
