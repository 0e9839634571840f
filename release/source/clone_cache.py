"""Copies of repositories that are named by URL, which git can read without the network.

Each is a bare repository below `${XDG_CACHE_HOME:-~/.cache}/slipway/repositories`, made by Slipway's settings, not the
user's; one that is damaged is made anew. Only for a full SHA that is already there is the host not asked.
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
from release.source import git_command
from release.source.urls import Remote, hide_credentials, remote, without_credentials

FULL_SHA = re.compile(r"[0-9a-f]{40}")
_LOCK_TIMEOUT = 60.0
_HEAD = re.compile(r"(HEAD|@)(?=$|[~^@:])")
_NAME = re.compile(r"(?:(?!@\{)[^~^:])+")
_USUAL = ("refs/heads/", "refs/tags/")
_FETCHED = "refs/slipway/remote/"
_ASK_HELPER = (
    '!f() { test "$1" != get || printf "username=%s\\npassword=%s\\n" "$SLIPWAY_GIT_USER" "$SLIPWAY_GIT_PASSWORD"; }; f'
)
_DAMAGE = (".lock'", "corrupt", "bad object", "does not point to a valid object", "missing blob", "missing tree")


def prepare(url: str, ref: str) -> Path:
    """The git directory of a copy of the repository at a URL, fresh enough to look `ref` up in.

    Raises RevisionError for a URL that isn't taken, UnreachableError for a host that refuses or does not answer.
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
    """Where the copy of the repository at a URL lies, or will."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "slipway" / "repositories" / hashlib.sha256(without_credentials(url).encode()).hexdigest()[:20]


def has(url: str, sha: str) -> bool:
    """Whether the copy of the repository at a URL has all of a commit, so that the host need not be asked."""
    folder = path(url)
    return (folder / "HEAD").exists() and _is_whole(folder, sha)


def advertised(url: str, names: list[str]) -> dict[str, str]:
    """What the host says that each of those full names of refs points at, a tag's commit; UnreachableError."""
    source = remote(url)
    status, output, errors = git_command.transfer(
        ["ls-remote", "--", source.url, *names, *(f"{name}^{{}}" for name in names)],
        host=without_credentials(url),
        environment=_environment(source),
    )
    if status != 0:
        raise UnreachableError(f"{without_credentials(url)}: {_explain(errors, path(url))}")
    # In this order: a peeled tag (`^{}`) comes after the tag, and is the one that counts.
    lines = (line.split("\t", 1) for line in output.decode("utf-8", "replace").splitlines() if "\t" in line)
    return {name.removesuffix("^{}"): sha for sha, name in lines}


def local_name(ref: str) -> str:
    """What a ref of the remote is called in the copy."""
    ref = _HEAD.sub("refs/slipway/HEAD", ref, count=1)
    if ref.startswith(("refs/slipway/HEAD", *_USUAL)) or not ref.startswith("refs/"):
        return ref
    return _FETCHED + ref.removeprefix("refs/")


def candidates(name: str) -> tuple[str, ...]:
    """Where else a short name may be found in the copy: `pull/2/head` is a ref of a host."""
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
    """Whether the commit and all its files are there."""
    return _git(folder, "rev-list", "--objects", "--no-walk", "--quiet", sha)[0] == 0


def _fetch(folder: Path, source: Remote, ref: str) -> None:
    try:
        _fetch_once(folder, source, ref)
    except _DamagedError:
        _remake(folder)
        _fetch_once(folder, source, ref)


class _DamagedError(UnreachableError):
    """The copy is at fault, not the host."""


def _fetch_once(folder: Path, source: Remote, ref: str) -> None:
    wanted = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
    if _HEAD.match(ref):
        wanted.append("+HEAD:refs/slipway/HEAD")
    _transfer(folder, source, "--prune", wanted)
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
    """One that no branch or tag holds (a pull request's, say); a ref of its own keeps it from being pruned."""
    try:
        _transfer(folder, source, "--no-prune", [f"+{sha}:refs/slipway/{sha}"])
    except UnreachableError as error:
        # A host may refuse to serve a bare SHA, though not the refs that hold it. What no ref holds either is simply
        # unknown, as the lookup will say.
        if "unadvertised" in str(error):
            with contextlib.suppress(UnreachableError):
                _transfer(folder, source, "--prune", [f"+refs/*:{_FETCHED}*"])


def _fetch_named(folder: Path, source: Remote, name: str) -> None:
    full = name if name.startswith("refs/") else f"refs/{name}"
    if _git(folder, "check-ref-format", full)[0] != 0:
        return
    try:
        _transfer(folder, source, "--no-prune", [f"+{full}:{local_name(full)}"])
    except UnreachableError as error:
        if "remote ref" not in str(error):
            raise
        _git(folder, "update-ref", "-d", local_name(full))  # it was there once


def _has(folder: Path, name: str) -> bool:
    return _git(folder, "rev-parse", "--verify", "--quiet", name)[0] == 0


def _transfer(folder: Path, source: Remote, prune: str, refspecs: list[str]) -> None:
    options = ["--progress", "--force", "--no-tags", "--update-head-ok", "--no-write-fetch-head", prune]
    shown = without_credentials(source.url)
    status, _, errors = git_command.transfer(
        ["--git-dir", str(folder), "fetch", *options, "--", source.url, *refspecs],
        host=shown,
        environment=_environment(source),
    )
    if status != 0:
        kind = _DamagedError if any(sign in errors for sign in _DAMAGE) else UnreachableError
        raise kind(f"{shown}: {_explain(errors, folder)}")


def _environment(source: Remote) -> dict[str, str]:
    """A URL's own credentials go by the environment: other users of the machine see arguments, but not that."""
    settings: dict[str, str] = {}
    variables: dict[str, str] = {}
    if source.scheme in ("http", "https") and source.user is not None:
        settings[f"credential.{source.scheme}://{source.authority}.username"] = source.user
    if source.scheme in ("http", "https") and source.password is not None:
        settings[f"credential.{source.scheme}://{source.authority}.helper"] = _ASK_HELPER
        variables = {"SLIPWAY_GIT_USER": source.user or "", "SLIPWAY_GIT_PASSWORD": source.password}
    variables |= git_command.as_variables(settings, os.environ if source.scheme != "file" else None)
    if source.scheme == "ssh" and not {"GIT_SSH", "GIT_SSH_COMMAND"} & os.environ.keys() and not _own_ssh():
        variables["GIT_SSH_COMMAND"] = git_command.SSH
    aws = source.authority.rpartition(":")[0].endswith(".amazonaws.com") or source.authority.endswith(".amazonaws.com")
    return git_command.network_environment(source.scheme, variables, aws=aws)


def _own_ssh() -> bool:
    """Whether the user's configuration says which ssh to use."""
    asked = ["--git-dir", os.devnull, "config", "--get", "core.sshCommand"]
    return git_command.attempt(asked)[0] == 0


def _explain(errors: str, folder: Path) -> str:
    said = hide_credentials(git_command.reason(errors))
    if "remote ref HEAD" in errors:
        return "the repository is empty, or its HEAD names no branch: give a branch, a tag or a SHA"
    if "mismatched algorithms" in errors or "object format" in errors:
        return "SHA-256 repositories are not supported, only SHA-1 ones"
    if any(sign in errors for sign in ("Authentication failed", "Permission denied", "could not read Username")):
        return f"access refused ({said}): give git credentials for it (a credential helper or an ssh agent)"
    if "No space left" in errors or "quota exceeded" in errors.lower():
        return f"there is no room for it in {folder} ({said}): make room, or set XDG_CACHE_HOME"
    if any(sign in errors for sign in _DAMAGE):
        return f"the copy in {folder} is damaged ({said}): remove it and try again"
    return f"can't be fetched ({said}): check the URL, and that the git host is up"


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
