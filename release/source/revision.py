"""A ref becomes a revision: one commit, by its full SHA, and the directory of it that is deployed."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import PurePosixPath

from release.errors import RevisionError
from release.source import clone_cache, git_command, uncommitted
from release.source.repository import FULL_SHA, Repository, open_repository
from release.source.urls import is_plain

_ABBREVIATION = re.compile(r"[0-9a-fA-F]{4,39}")
_LONGEST = 255


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One commit.

    `tags` are those that point at it. `repository` is what the manifest records: the URL without credentials, of
    `origin` where the repository is a clone. `directory` is "" for the whole tree. `dirty` says that the ref named
    what is checked out and that there are changes, in that directory, which are not in the commit.
    """

    sha: str
    committed: datetime
    tags: tuple[str, ...]
    repository: str
    directory: str
    dirty: bool
    source: Repository

    @property
    def tree(self) -> str:
        """git's name for the tree that is deployed."""
        return f"{self.sha}:{self.directory}" if self.directory else self.sha


def resolve(repository: str, ref: str, directory: str = "") -> Revision:
    """The revision that `ref` (a SHA, short or full; a tag; a branch; `HEAD~2`) is in a repository (path or URL).

    Raises RevisionError, with the way out, for whatever is no single commit that has that directory; UnreachableError
    where a URL's host does not answer.
    """
    ref = check_ref(ref)
    directory = check_directory(directory)
    source = open_repository(repository, ref)
    found = present(source, _commit(source, ref), directory)
    return replace(found, dirty=_dirty(source, ref, directory))


def present(source: Repository, sha: str, directory: str) -> Revision:
    """The revision that a full SHA is, in a repository that has it. RevisionError where it has no such directory."""
    revision = Revision(
        sha=sha,
        committed=_committed(source, sha),
        tags=_tags(source, sha),
        repository=source.location,
        directory=directory,
        dirty=False,
        source=source,
    )
    _check_tree(revision)
    return revision


def check_ref(ref: str) -> str:
    """The ref, a full SHA in lower case; RevisionError for what can't be one, or would be an option to git."""
    if len(ref) > _LONGEST:
        raise RevisionError(f"{ref[:40]!r}… is not a ref: it has {len(ref)} characters, and {_LONGEST} are the most")
    if not ref.strip():
        raise RevisionError("no ref given: name a commit by its SHA, a tag or a branch")
    if ref.startswith("-"):
        raise RevisionError(f"{ref!r} is not a ref: none begins with a dash")
    if not is_plain(ref) or " " in ref or "\x7f" in ref:
        raise RevisionError(f"{ref!r} is not a ref: it holds a space, a control character or what is not UTF-8")
    if ".." in ref:
        raise RevisionError(f"{ref!r} is a range: name one commit")
    return ref.lower() if FULL_SHA.fullmatch(ref.lower()) else ref


def check_directory(directory: str) -> str:
    """The directory, normalised ("" for the top); RevisionError for one outside the repository."""
    path = PurePosixPath(directory)
    if path.is_absolute() or ".." in path.parts or not is_plain(directory):
        raise RevisionError(f"directory {directory[:200]!r}: give a path inside the repository, relative to its top")
    return "" if str(path) == "." else str(path)


def log(revision: Revision, since: str) -> list[str]:
    """The commits (one line each, newest first) that `revision` has and the commit `since` has not."""
    return _lines(revision.source, "log", "--no-decorate", "--format=%h %s (%an)", f"{since}..{revision.sha}")


def _lines(source: Repository, *arguments: str) -> list[str]:
    return source.git(*arguments).decode("utf-8", "replace").splitlines()


def _tags(source: Repository, sha: str) -> tuple[str, ...]:
    # Full names: where a branch has the same one, the short form of a tag is `tags/v1`.
    named = _lines(source, "for-each-ref", "--sort=refname", "--points-at", sha, "--format=%(refname)", "refs/tags")
    return tuple(name.removeprefix("refs/tags/") for name in named)


def _commit(source: Repository, ref: str) -> str:
    name = clone_cache.local_name(ref) if source.cached else ref
    _refuse_two_meanings(source, name)
    for candidate in (name, f"refs/remotes/origin/{name}", *(clone_cache.candidates(name) if source.cached else ())):
        status, output, errors = source.attempt("rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}")
        if status == 0:
            sha = output.decode().strip()
            if not FULL_SHA.fullmatch(sha):
                raise RevisionError(f"{source.location}: SHA-256 repositories are not supported, only SHA-1 ones")
            return sha
        if "dubious ownership" in errors:
            raise RevisionError(f"{source.location}: {git_command.reason(errors)}")
    raise RevisionError(_why_not(source, ref, name))


def _refuse_two_meanings(source: Repository, name: str) -> None:
    found = {
        kind: output.decode().strip()
        for kind in ("tags", "heads")
        for status, output, _ in [source.attempt("rev-parse", "--verify", "--quiet", f"refs/{kind}/{name}^{{commit}}")]
        if status == 0
    }
    if len(set(found.values())) > 1:
        raise RevisionError(
            f"{name!r} is both a tag ({found['tags'][:12]}) and a branch ({found['heads'][:12]}) of "
            f"{source.location}: say refs/tags/{name} or refs/heads/{name}"
        )


def _why_not(source: Repository, ref: str, name: str) -> str:
    where = f"{source.location}: "
    if not source.git("rev-list", "--all", "--max-count=1").strip():
        return f"{where}the repository has no commits yet"
    if _ABBREVIATION.fullmatch(ref):
        candidates = _abbreviated(source, ref)
        if len(candidates) > 1:
            return f"{where}{ref!r} is ambiguous: give more digits of one of {', '.join(candidates)}"
    status, output, _ = source.attempt("rev-parse", "--verify", "--quiet", name)
    kind = source.attempt("cat-file", "-t", output.decode().strip()) if status == 0 else (1, b"", "")
    if kind[0] == 0:
        return f"{where}{ref!r} is a {kind[1].decode().strip()}, not a commit: name a commit, a tag or a branch"
    return f"{where}there is no commit {ref!r}{_suggestion(source, ref)}"


def _abbreviated(source: Repository, ref: str) -> list[str]:
    found = _lines(source, "rev-parse", f"--disambiguate={ref.lower()}")
    return [sha for sha in found if source.attempt("cat-file", "-t", sha)[1].strip() == b"commit"]


def _suggestion(source: Repository, ref: str) -> str:
    names = _lines(source, "for-each-ref", "--count=2000", "--sort=-creatordate", "--format=%(refname:short)")
    names = [name for name in names if not name.startswith("slipway/")]
    near = difflib.get_close_matches(ref, names, n=3, cutoff=0.5) or names[:5]
    known = f"; it has {', '.join(near)}" if near else ""
    if source.cached:
        return f"{known}: push it first, or check its name"
    if _lines(source, "rev-parse", "--is-shallow-repository") == ["true"]:
        return f"{known}; this clone is shallow: `git fetch --unshallow --tags` brings the rest"
    return f"{known}: `git fetch --tags` if it is newer than this clone"


def _committed(source: Repository, sha: str) -> datetime:
    seconds = int(source.git("show", "--no-patch", "--format=%ct", sha).strip())
    # A commit can claim any time; a tar header can say 33 bits of it.
    return datetime.fromtimestamp(min(max(0, seconds), 8**11 - 1), tz=timezone.utc)


def _dirty(source: Repository, ref: str, directory: str) -> bool:
    if source.work_tree is None or not _names_the_checkout(source, ref):
        return False
    return uncommitted.is_dirty(source, directory)


def _names_the_checkout(source: Repository, ref: str) -> bool:
    _, branch, _ = source.attempt("symbolic-ref", "--quiet", "HEAD")
    checked_out = branch.decode("utf-8", "replace").strip()
    return ref in {"HEAD", "@", checked_out, checked_out.removeprefix("refs/heads/")}


def _check_tree(revision: Revision) -> None:
    status, kind, errors = revision.source.attempt("cat-file", "-t", revision.tree)
    if status == 0 and kind.strip() in {b"tree", b"commit"}:
        return
    directory, sha = revision.directory, revision.sha[:12]
    if not directory:
        raise RevisionError(f"{revision.repository}: the files of {sha} can't be read: {git_command.reason(errors)}")
    top = _lines(revision.source, "ls-tree", "-d", "--name-only", revision.sha)
    known = f": it has {', '.join(top[:8])}" if top else ": it has no directories"
    raise RevisionError(f"{revision.repository}: there is no directory {directory!r} in {sha}{known}")
