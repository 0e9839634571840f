"""Keeps copies of the repositories that are named by URL, so that git can read them without the network.

Each is a bare repository below `${XDG_CACHE_HOME:-~/.cache}/slipway/repositories`, made with Slipway's settings instead
of the user's; a damaged one is made again. The host is asked each time, except for a full SHA that is already there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Generator
from pathlib import Path

from release.errors import RevisionError, UnreachableError
from release.source import git_command, git_host
from release.source.urls import Remote, remote, without_credentials

FULL_SHA = re.compile(r"[0-9a-f]{40}")
_LOCK_TIMEOUT = 60.0
_HEAD = re.compile(r"(HEAD|@)(?=$|[~^@:])")
_NAME = re.compile(r"(?:(?!@\{)[^~^:])+")
_USUAL = ("refs/heads/", "refs/tags/")
_FETCHED = "refs/slipway/remote/"


def prepare(url: str, ref: str) -> Path:
    """Return the git directory of a copy of the repository at a URL, fresh enough to look `ref` up in.

    Raises RevisionError if the URL is not allowed, UnreachableError if the host refuses or does not answer.
    """
    source = remote(url)
    shown = without_credentials(url)
    folder = path(url)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(folder / "slipway.lock", shown):
            _make_sound(folder)
            if not (FULL_SHA.fullmatch(ref) and _is_whole(folder, ref)):
                _fetch(folder, source, ref)
    except OSError as error:
        raise RevisionError(
            f"{folder}: the copy of {shown} can't be kept there ({error.strerror}): set XDG_CACHE_HOME to a folder "
            "that can be written"
        ) from None
    return folder


def path(url: str) -> Path:
    """Return where the copy of the repository at a URL is, or will be."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "slipway" / "repositories" / hashlib.sha256(without_credentials(url).encode()).hexdigest()[:20]


def has(url: str, sha: str) -> bool:
    """Return whether the copy of the repository at a URL has all of a commit, so that the host need not be asked."""
    folder = path(url)
    return (folder / "HEAD").exists() and _is_whole(folder, sha)


def local_name(ref: str) -> str:
    """Return the name that a ref of the host has in the copy."""
    ref = _HEAD.sub("refs/slipway/HEAD", ref, count=1)
    if ref.startswith(("refs/slipway/HEAD", *_USUAL)) or not ref.startswith("refs/"):
        return ref
    return _FETCHED + ref.removeprefix("refs/")


def candidates(name: str) -> tuple[str, ...]:
    """Return where else in the copy to look for a short name: `pull/2/head` is a ref of some hosts."""
    return (f"{_FETCHED}{name}",)


def _git(folder: Path, *arguments: str) -> tuple[int, bytes, str]:
    return git_command.attempt(["--git-dir", str(folder), *arguments], own=True)


def _make_sound(folder: Path) -> None:
    (folder / "FETCH_HEAD").unlink(missing_ok=True)  # earlier versions left one, with the URL
    if (folder / "HEAD").exists():
        status, output, _ = _git(folder, "rev-parse", "--is-bare-repository", "--show-object-format")
        if status == 0 and output.split() == [b"true", b"sha1"]:
            return
    _remake(folder)


def _remake(folder: Path) -> None:
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        elif item.name != "slipway.lock":
            item.unlink()
    git_command.run(["init", "--quiet", "--bare", "--template=", str(folder)], own=True)


def _is_whole(folder: Path, sha: str) -> bool:
    """Return whether the commit and all its files are there."""
    return _git(folder, "rev-list", "--objects", "--no-walk", "--quiet", sha)[0] == 0


def _fetch(folder: Path, source: Remote, ref: str) -> None:
    try:
        _fetch_once(folder, source, ref)
    except git_host.DamagedError:
        _remake(folder)
        _fetch_once(folder, source, ref)


def _fetch_once(folder: Path, source: Remote, ref: str) -> None:
    wanted = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
    if _HEAD.match(ref):
        wanted.append("+HEAD:refs/slipway/HEAD")
    git_host.fetch(source, folder, wanted, prune=True)
    if FULL_SHA.fullmatch(ref):
        if not _is_whole(folder, ref):
            _fetch_commit(folder, source, ref)
        return
    named = _NAME.match(ref)
    name = named[0] if named else ""
    elsewhere = name.startswith("refs/") and not name.startswith(_USUAL)
    if elsewhere or ("/" in name and not _has(folder, name)):
        _fetch_named(folder, source, name)


def _fetch_commit(folder: Path, source: Remote, sha: str) -> None:
    """Fetch a commit that no branch or tag contains (a pull request's, say), with a ref that keeps it from pruning."""
    try:
        git_host.fetch(source, folder, [f"+{sha}:refs/slipway/{sha}"], prune=False)
    except UnreachableError as error:
        # A host may refuse to serve a bare SHA, but not the refs that contain it. If none does, the lookup will say
        # that the commit is unknown.
        if "unadvertised" in str(error):
            with contextlib.suppress(UnreachableError):
                git_host.fetch(source, folder, [f"+refs/*:{_FETCHED}*"], prune=True)


def _fetch_named(folder: Path, source: Remote, name: str) -> None:
    full = name if name.startswith("refs/") else f"refs/{name}"
    if _git(folder, "check-ref-format", full)[0] != 0:
        return
    try:
        git_host.fetch(source, folder, [f"+{full}:{local_name(full)}"], prune=False)
    except UnreachableError as error:
        if "remote ref" not in str(error):
            raise
        _git(folder, "update-ref", "-d", local_name(full))  # the host had it once


def _has(folder: Path, name: str) -> bool:
    return _git(folder, "rev-parse", "--verify", "--quiet", name)[0] == 0


@contextlib.contextmanager
def _locked(file: Path, shown: str) -> Generator[None]:
    deadline = time.monotonic() + _LOCK_TIMEOUT
    with file.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise UnreachableError(f"{shown}: another process has been fetching it for a minute") from None
                time.sleep(0.05)  # flock has no timed wait
        yield
