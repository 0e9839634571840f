"""A revision: one commit, by its full SHA, and the directory of it that is deployed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import PurePosixPath

from release.errors import RevisionError
from release.source import git_command, refs, uncommitted
from release.source.repository import Repository, open_repository
from release.source.urls import is_plain


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One commit of a repository.

    `tags` are those that point at it. `directory` is "" for the whole tree. `dirty` says that the ref named what is
    checked out and that this directory has changes which are not in the commit.
    """

    sha: str
    committed: datetime
    tags: tuple[str, ...]
    repository: Repository
    directory: str
    dirty: bool

    @property
    def tree(self) -> str:
        """git's name for the tree that is deployed."""
        return f"{self.sha}:{self.directory}" if self.directory else self.sha

    @property
    def where(self) -> str:
        """How errors name it."""
        inside = f", directory {self.directory}" if self.directory else ""
        return f"{self.repository.location} at {self.sha[:12]}{inside}"


def resolve(repository: str, ref: str, directory: str = "") -> Revision:
    """Return the revision that `ref` (a SHA, short or full; a tag; a branch; `HEAD~2`) names in a repository.

    `repository` is a path or a URL. Raises RevisionError, saying what to do, unless `ref` names a single commit that
    has the directory; UnreachableError if a URL's host does not answer.
    """
    ref = refs.check(ref)
    directory = check_directory(directory)
    opened = open_repository(repository, ref)
    found = present(opened, refs.commit(opened, ref), directory)
    return replace(found, dirty=_is_dirty(opened, ref, directory))


def present(repository: Repository, sha: str, directory: str) -> Revision:
    """Return the revision that a full SHA names in a repository that has it.

    Raises RevisionError if the commit has no such directory.
    """
    revision = Revision(
        sha=sha,
        committed=_committed(repository, sha),
        tags=_tags(repository, sha),
        repository=repository,
        directory=directory,
        dirty=False,
    )
    _check_tree(revision)
    return revision


def check_directory(directory: str) -> str:
    """Return the directory, normalised ("" for the top). Raises RevisionError if it is outside the repository."""
    path = PurePosixPath(directory)
    if path.is_absolute() or ".." in path.parts or not is_plain(directory):
        raise RevisionError(f"directory {directory[:200]!r}: give a path inside the repository, relative to its top")
    return "" if str(path) == "." else str(path)


def log(revision: Revision, since: str) -> list[str]:
    """Return the commits, one line each, newest first, that `revision` has and the commit `since` has not."""
    return revision.repository.lines("log", "--no-decorate", "--format=%h %s (%an)", f"{since}..{revision.sha}")


def newest(repository: Repository, sha: str, since: str, limit: int) -> tuple[int, list[str]]:
    """Return how many commits `sha` has and `since` has not, and the newest of them as `log` does.

    Raises RevisionError if git can't tell, as in a clone that lacks some of them.
    """
    commits = f"{since}..{sha}"
    if repository.lines("rev-parse", "--is-shallow-repository") == ["true"]:
        raise RevisionError(
            f"{repository.location}: the clone is shallow, so that the commits {since[:12]}..{sha[:12]} can't be "
            "counted: `git fetch --unshallow` brings the rest"
        )
    shown = repository.lines("log", "--no-decorate", f"--max-count={limit}", "--format=%h %s (%an)", commits)
    return int(repository.git("rev-list", "--count", commits)), shown


def _committed(repository: Repository, sha: str) -> datetime:
    seconds = int(repository.git("show", "--no-patch", "--format=%ct", sha).strip())
    # A commit can claim any time, but a tar header holds only 33 bits.
    return datetime.fromtimestamp(min(max(0, seconds), 8**11 - 1), tz=timezone.utc)


def _tags(repository: Repository, sha: str) -> tuple[str, ...]:
    # Full names: if a branch has the same name, the short form of a tag is `tags/v1`.
    named = repository.lines("for-each-ref", "--sort=refname", "--points-at", sha, "--format=%(refname)", "refs/tags")
    return tuple(name.removeprefix("refs/tags/") for name in named)


def _is_dirty(repository: Repository, ref: str, directory: str) -> bool:
    if repository.work_tree is None or not _names_the_checkout(repository, ref):
        return False
    return uncommitted.is_dirty(repository, directory)


def _names_the_checkout(repository: Repository, ref: str) -> bool:
    _, branch, _ = repository.attempt("symbolic-ref", "--quiet", "HEAD")
    checked_out = branch.decode("utf-8", "replace").strip()
    return ref in {"HEAD", "@", checked_out, checked_out.removeprefix("refs/heads/")}


def _check_tree(revision: Revision) -> None:
    repository, directory, sha = revision.repository, revision.directory, revision.sha[:12]
    status, kind, errors = repository.attempt("cat-file", "-t", revision.tree)
    if status == 0 and kind.strip() in {b"tree", b"commit"}:
        return
    if not directory:
        raise RevisionError(f"{repository.location}: the files of {sha} can't be read: {git_command.reason(errors)}")
    top = repository.lines("ls-tree", "-d", "--name-only", revision.sha)
    known = f": it has {', '.join(top[:8])}" if top else ": it has no directories"
    raise RevisionError(f"{repository.location}: there is no directory {directory!r} in {sha}{known}")
