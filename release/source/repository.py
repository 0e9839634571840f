"""Opens a repository, given by path or URL, on this machine, where git can read it without the network."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

from release.errors import RevisionError
from release.source import clone_cache, git_command, urls
from release.source.clone_cache import FULL_SHA
from release.source.urls import is_url, without_credentials

__all__ = ["FULL_SHA", "Repository", "is_url", "open_path", "open_present", "open_repository", "without_credentials"]


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository that git can read here. `location` may be recorded and shown: it has no credentials."""

    location: str
    select: tuple[str, ...]
    work_tree: Path | None
    cached: bool

    def git(self, *arguments: str) -> bytes:
        """Return the standard output of a git command in it. Raises RevisionError if it fails."""
        return git_command.run([*self.select, *arguments], own=self.cached)

    def lines(self, *arguments: str) -> list[str]:
        """Return the standard output of a git command in it, by line. Raises RevisionError if it fails."""
        return self.git(*arguments).decode("utf-8", "replace").splitlines()

    def attempt(self, *arguments: str) -> tuple[int, bytes, str]:
        """Return the exit status, output and errors of a git command in it."""
        return git_command.attempt([*self.select, *arguments], own=self.cached)


def open_repository(where: str, ref: str) -> Repository:
    """Open the repository at a path, or a cached copy of the one at a URL, fresh enough to look `ref` up in.

    Raises RevisionError if it can't be read, UnreachableError if a host refuses or does not answer.
    """
    urls.check(where)
    if not is_url(where):
        return open_path(where)
    return _copy(where, clone_cache.prepare(where, ref))


def open_present(where: str, sha: str) -> Repository | None:
    """Open a repository without asking a host; return None if it can't be read or does not have the commit."""
    try:
        urls.check(where)
        if is_url(where):
            return _copy(where, clone_cache.path(where)) if clone_cache.has(where, sha) else None
        found = open_path(where)
        return found if found.attempt("cat-file", "-e", f"{sha}^{{commit}}")[0] == 0 else None
    except RevisionError:
        return None


def _copy(url: str, folder: Path) -> Repository:
    shown = without_credentials(url)
    return Repository(location=shown, select=("--git-dir", str(folder)), work_tree=None, cached=True)


def open_path(where: str) -> Repository:
    """Open the repository whose top, or git directory, is at a path. Raises RevisionError if there is none."""
    try:
        path = Path(where).expanduser().absolute()
        there = path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # `~nobody`, a name that is too long
        raise RevisionError(f"repository {where}: this path can't be read: {error}") from None
    if not there:
        exists = path.exists()
        raise RevisionError(f"repository {where}: {'not a directory' if exists else 'no such directory'}")
    select = ("-C", str(path))
    status, output, errors = git_command.attempt([*select, "rev-parse", "--is-inside-work-tree", "--show-prefix"])
    inside, _, prefix = output.decode("utf-8", "replace").partition("\n")
    if "not a git repository" in errors or prefix.strip():
        raise RevisionError(_not_a_repository(where, path))
    if status != 0:
        raise RevisionError(_unreadable(where, path, errors))
    origin = _origin(where, path, select)
    return Repository(
        location=without_credentials(origin) if origin and is_url(origin) else str(path),
        select=select,
        work_tree=path if inside.strip() == "true" else None,
        cached=False,
    )


def _origin(where: str, path: Path, select: tuple[str, ...]) -> str:
    # Imported here, because GitPython can't be imported without git, and a published release needs no git. Its Repo
    # would follow GIT_COMMON_DIR, which git sets for hooks; so its parser reads the repository's own file.
    from git import GitConfigParser  # noqa: PLC0415

    _, common, _ = git_command.attempt([*select, "rev-parse", "--git-common-dir"])
    file = path / os.fsdecode(common).removesuffix("\n") / "config"
    try:
        with GitConfigParser(file, read_only=True) as config:
            return str(config.get_value('remote "origin"', "url", ""))
    except (configparser.Error, OSError, ValueError) as error:
        raise RevisionError(f"repository {where}: its configuration can't be read: {error}") from None


def _not_a_repository(where: str, path: Path) -> str:
    for parent in path.parents:
        if (parent / ".git").exists():
            inside = path.relative_to(parent)
            return (
                f"repository {where}: only a directory inside the repository {parent}: give that as the "
                f"repository and {inside} as the directory"
            )
    return f"repository {where}: not a git repository: give the path of a clone, or its URL"


def _unreadable(where: str, path: Path, errors: str) -> str:
    if "dubious ownership" in errors:
        return (
            f"repository {where}: owned by another user, so git won't read it: if you trust it, "
            f"`git config --global --add safe.directory {path}`"
        )
    return f"repository {where}: git can't read it: {git_command.reason(errors)}"
