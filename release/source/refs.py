"""Finds the commit that a ref names, and explains a ref that names none, or several."""

from __future__ import annotations

import difflib
import re

from release.errors import RevisionError
from release.source import clone_cache, git_command, git_host
from release.source.repository import FULL_SHA, Repository, is_url, open_path, open_present
from release.source.urls import is_plain

_ABBREVIATION = re.compile(r"[0-9a-fA-F]{4,39}")
_LONGEST = 255


def check(ref: str) -> str:
    """Return the ref, a full SHA in lower case. Raises RevisionError if it can't be one, or would be an option."""
    if len(ref) > _LONGEST:
        raise RevisionError(f"{ref[:40]!r}… is not a ref: it has {len(ref)} characters, at most {_LONGEST} are allowed")
    if not ref.strip():
        raise RevisionError("no ref given: name a commit by its SHA, a tag or a branch")
    if ref.startswith("-"):
        raise RevisionError(f"{ref!r} is not a ref: none begins with a dash")
    if not is_plain(ref) or " " in ref or "\x7f" in ref:
        raise RevisionError(f"{ref!r} is not a ref: it contains a space, a control character or invalid UTF-8")
    if ".." in ref:
        raise RevisionError(f"{ref!r} is a range: name one commit")
    return ref.lower() if FULL_SHA.fullmatch(ref.lower()) else ref


def commit(repository: Repository, ref: str) -> str:
    """Return the SHA of the commit that a ref names. Raises RevisionError if there is none, or more than one."""
    name = clone_cache.local_name(ref) if repository.cached else ref
    _refuse_two_meanings(repository, name)
    elsewhere = clone_cache.candidates(name) if repository.cached else ()
    for candidate in (name, f"refs/remotes/origin/{name}", *elsewhere):
        status, output, errors = repository.attempt("rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}")
        if status == 0:
            sha = output.decode().strip()
            if not FULL_SHA.fullmatch(sha):
                raise RevisionError(f"{repository.location}: SHA-256 repositories are not supported, only SHA-1 ones")
            return sha
        if "dubious ownership" in errors:
            raise RevisionError(f"{repository.location}: {git_command.reason(errors)}")
    raise RevisionError(_why_not(repository, ref, name))


def meanings(repository: str, ref: str, sha: str) -> dict[str, str]:
    """Return the commits that `ref` could mean in a repository (path or URL), by the full name of each ref.

    A git host is asked for its refs, unless `ref` is the beginning of the commit `sha`. Raises RevisionError, and
    UnreachableError if the host does not answer.
    """
    abbreviates = sha.startswith(ref.lower())
    names = [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    if is_url(repository) and not abbreviates:
        return git_host.advertised(repository, names)
    opened = open_present(repository, sha) if is_url(repository) else open_path(repository)
    names.append(ref if abbreviates else f"refs/remotes/origin/{ref}")
    return _commits(opened, names) if opened else {}


def _commits(repository: Repository, names: list[str]) -> dict[str, str]:
    """Return the commits of those of the names that the repository has."""
    found = {name: repository.attempt("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") for name in names}
    return {name: output.decode().strip() for name, (status, output, _) in found.items() if status == 0}


def _refuse_two_meanings(repository: Repository, name: str) -> None:
    tag, branch = f"refs/tags/{name}", f"refs/heads/{name}"
    found = _commits(repository, [tag, branch])
    if len(set(found.values())) > 1:
        raise RevisionError(
            f"{name!r} is both a tag ({found[tag][:12]}) and a branch ({found[branch][:12]}) of "
            f"{repository.location}: say {tag} or {branch}"
        )


def _why_not(repository: Repository, ref: str, name: str) -> str:
    where = f"{repository.location}: "
    if not repository.git("rev-list", "--all", "--max-count=1").strip():
        return f"{where}the repository has no commits yet"
    if _ABBREVIATION.fullmatch(ref):
        candidates = _abbreviated(repository, ref)
        if len(candidates) > 1:
            return f"{where}{ref!r} is ambiguous: give more digits of one of {', '.join(candidates)}"
    status, output, _ = repository.attempt("rev-parse", "--verify", "--quiet", name)
    kind = repository.attempt("cat-file", "-t", output.decode().strip()) if status == 0 else (1, b"", "")
    if kind[0] == 0:
        return f"{where}{ref!r} is a {kind[1].decode().strip()}, not a commit: name a commit, a tag or a branch"
    return f"{where}there is no commit {ref!r}{_suggestion(repository, ref)}"


def _abbreviated(repository: Repository, ref: str) -> list[str]:
    found = repository.lines("rev-parse", f"--disambiguate={ref.lower()}")
    return [sha for sha in found if repository.attempt("cat-file", "-t", sha)[1].strip() == b"commit"]


def _suggestion(repository: Repository, ref: str) -> str:
    names = repository.lines("for-each-ref", "--count=2000", "--sort=-creatordate", "--format=%(refname:short)")
    names = [name for name in names if not name.startswith("slipway/")]
    near = difflib.get_close_matches(ref, names, n=3, cutoff=0.5) or names[:5]
    known = f"; it has {', '.join(near)}" if near else ""
    if repository.cached:
        return f"{known}: push it first, or check its name"
    if repository.lines("rev-parse", "--is-shallow-repository") == ["true"]:
        return f"{known}; this clone is shallow: `git fetch --unshallow --tags` brings the rest"
    return f"{known}: `git fetch --tags` if it is newer than this clone"
