"""A repository, by path or URL, becomes one on this machine that git can read without the network.

A URL is fetched into a bare repository below `${XDG_CACHE_HOME:-~/.cache}/slipway/repositories`; only for a full SHA
that is already there is the host not asked.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from release import gitcommand
from release.errors import RevisionError, UnreachableError

if TYPE_CHECKING:
    from git import Repo

FULL_SHA = re.compile(r"[0-9a-f]{40}")
REMOTE_HEAD = "refs/slipway/HEAD"
"""Where the cache keeps what the remote's HEAD was at the last fetch."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9]+::")
_SCP = re.compile(r"(?:[\w.+-]+@)?[\w.-]+:(?!//)")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s']+")
_LOCK_TIMEOUT = 60.0


@dataclass(frozen=True, kw_only=True)
class Repository:
    """One that git can read here. `location` is fit to be recorded and shown: it holds no credentials."""

    location: str
    select: tuple[str, ...]
    work_tree: Path | None
    cached: bool

    def git(self, *arguments: str) -> bytes:
        """Standard output of a git command in it; RevisionError where it fails."""
        return gitcommand.run([*self.select, *arguments])

    def attempt(self, *arguments: str) -> tuple[int, bytes, str]:
        """Exit status, output and errors of a git command in it."""
        return gitcommand.attempt([*self.select, *arguments])


def is_url(location: str) -> bool:
    """Whether `location` names a remote: a URL, or ssh's `user@host:path` where no such path exists here."""
    if _SCHEME.match(location) or _HELPER.match(location):
        return True
    return bool(_SCP.match(location)) and not Path(location).exists()


def open_repository(location: str, ref: str) -> Repository:
    """The repository at a path, or a cached copy of the one at a URL, fresh enough to look `ref` up in.

    Raises RevisionError for one that can't be read, UnreachableError for a host that refuses or does not answer.
    """
    if not location or location.startswith("-") or any(ord(character) < 32 for character in location):
        raise RevisionError(f"{location!r} is not a repository: give a path, or an https, ssh or file URL")
    return _from_url(location, ref) if is_url(location) else _from_path(location)


def without_credentials(url: str) -> str:
    """The URL without a user's password or token; `git@` of an ssh address stays, since it is no secret."""
    if not _SCHEME.match(url):
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = parts.username if parts.scheme == "ssh" else None
    return urlunsplit((parts.scheme, f"{user}@{host}" if user else host, parts.path, "", ""))


def _from_path(location: str) -> Repository:
    # GitPython refuses to be imported where there is no git; what is published is deployed without it.
    from git import Repo  # noqa: PLC0415
    from git.exc import InvalidGitRepositoryError, NoSuchPathError  # noqa: PLC0415

    path = Path(location).expanduser().absolute()
    try:
        with Repo(path, expand_vars=False) as opened:
            origin = _origin(opened)
    except NoSuchPathError:
        raise RevisionError(f"repository {location}: there is no such directory") from None
    except InvalidGitRepositoryError:
        raise RevisionError(_not_a_repository(location, path)) from None
    except (OSError, ValueError) as error:
        raise RevisionError(f"repository {location}: its configuration can't be read: {error}") from None
    select = ("-C", str(path))
    status, inside, errors = gitcommand.attempt([*select, "rev-parse", "--is-inside-work-tree"])
    if status != 0:
        raise RevisionError(_unreadable(location, path, errors))
    return Repository(
        location=without_credentials(origin) if origin and is_url(origin) else str(path),
        select=select,
        work_tree=path if inside.strip() == b"true" else None,
        cached=False,
    )


def _origin(opened: Repo) -> str | None:
    with opened.config_reader() as config:
        return str(config.get_value('remote "origin"', "url", "")) or None


def _not_a_repository(location: str, path: Path) -> str:
    if not path.is_dir():
        return f"repository {location}: not a directory"
    for parent in path.parents:
        if (parent / ".git").exists():
            inside = path.relative_to(parent)
            return (
                f"repository {location}: only a directory inside the repository {parent}: give that as the "
                f"repository and {inside} as the directory"
            )
    return f"repository {location}: not a git repository: give the path of a clone, or its URL"


def _unreadable(location: str, path: Path, errors: str) -> str:
    if "dubious ownership" in errors:
        return (
            f"repository {location}: owned by another user, so git won't read it: if you trust it, "
            f"`git config --global --add safe.directory {path}`"
        )
    return f"repository {location}: git can't read it: {gitcommand.reason(errors)}"


def _from_url(url: str, ref: str) -> Repository:
    _check_transport(url)
    shown = without_credentials(url)
    cache = _cache_home() / hashlib.sha256(shown.encode()).hexdigest()[:20]
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RevisionError(
            f"{cache}: the copy of {shown} can't be kept there ({error.strerror}): set XDG_CACHE_HOME to a folder "
            "that can be written"
        ) from None
    repository = Repository(location=shown, select=("--git-dir", str(cache)), work_tree=None, cached=True)
    with _locked(cache / "slipway.lock", shown):
        if not (cache / "HEAD").exists():
            gitcommand.run(["init", "--quiet", "--bare", "--template=", str(cache)])
        if not (FULL_SHA.fullmatch(ref) and _has_commit(repository, ref)):
            _fetch(repository, url, ref)
    return repository


def _check_transport(url: str) -> None:
    scheme = _SCHEME.match(url)
    name = scheme.group(1).lower() if scheme else ("ssh" if not _HELPER.match(url) else url.partition("::")[0])
    if name not in gitcommand.PROTOCOLS:
        raise RevisionError(
            f"repository {without_credentials(url)}: the transport {name!r} is not allowed: use an https, ssh or "
            "file URL, or a path"
        )
    host = (urlsplit(url).netloc if scheme else url.partition(":")[0]).rpartition("@")[2]
    if host.startswith("-"):
        raise RevisionError(f"repository {without_credentials(url)}: {host!r} is not a host name")


def _cache_home() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "slipway" / "repositories"


def _has_commit(repository: Repository, sha: str) -> bool:
    return repository.attempt("cat-file", "-e", f"{sha}^{{commit}}")[0] == 0


def _fetch(repository: Repository, url: str, ref: str) -> None:
    wanted = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
    if re.match(r"(HEAD|@)($|[~^@:])", ref):
        wanted.append(f"+HEAD:{REMOTE_HEAD}")
    _transfer(repository, url, ["--prune", *wanted])
    if FULL_SHA.fullmatch(ref) and not _has_commit(repository, ref):
        # No branch or tag holds it (a pull request's head, say); a ref of its own keeps it from being pruned.
        # Hosts may refuse to serve a bare SHA: then it is simply unknown, as the lookup will say.
        with contextlib.suppress(UnreachableError):
            _transfer(repository, url, [f"+{ref}:refs/slipway/{ref}"])


def _transfer(repository: Repository, url: str, refspecs: list[str]) -> None:
    options = ["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "fetch.recurseSubmodules=false"]
    command = [
        *options,
        *repository.select,
        "fetch",
        "--progress",
        "--force",
        "--no-tags",
        "--update-head-ok",
    ]
    prune = [word for word in refspecs if word.startswith("--")]
    refs = [word for word in refspecs if not word.startswith("--")]
    status, errors = gitcommand.transfer([*command, *prune, "--", url, *refs], host=repository.location)
    if status != 0:
        said = _URL.sub(lambda found: without_credentials(found[0]), gitcommand.reason(errors))
        raise UnreachableError(f"{repository.location}: {_explain(errors, said, repository)}")


def _explain(errors: str, said: str, repository: Repository) -> str:
    if "remote ref HEAD" in errors:
        return "the repository is empty, or its HEAD names no branch: give a branch, a tag or a SHA"
    if any(sign in errors for sign in ("Authentication failed", "Permission denied", "could not read Username")):
        return f"access refused ({said}): give git credentials for it (a credential helper or an ssh agent)"
    if "No space left" in errors or "quota exceeded" in errors.lower():
        return f"there is no room for it in {repository.select[-1]} ({said}): make room, or set XDG_CACHE_HOME"
    if ".lock'" in errors or "corrupt" in errors or "bad object" in errors:
        return f"its cached copy is damaged ({said}): remove {repository.select[-1]} and try again"
    return f"can't be fetched ({said}): check the URL, and that the git host is up"


@contextlib.contextmanager
def _locked(path: Path, shown: str) -> Generator[None]:
    deadline = time.monotonic() + _LOCK_TIMEOUT
    with path.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise UnreachableError(f"{shown}: another process has been fetching it for a minute") from None
                time.sleep(0.05)  # flock has no timed wait
        yield
