"""Talks to git hosts: lists their refs and fetches, with deadlines and with the credentials meant for them.

A URL's own credentials reach git in its environment: other users of the machine can see arguments, but not that.
Credentials of AWS and Pulumi are withheld, unless the host is one of AWS itself.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from release import processes
from release.errors import RevisionError, UnreachableError
from release.source import git_command
from release.source.urls import PROTOCOLS, Remote, hide_credentials, remote, without_credentials

FIRST_BYTE = 6.0
"""Seconds within which a git host has to show a sign of life."""
STALL = 45.0
"""Seconds for which a transfer that has begun may be silent."""
TRANSFER_TIMEOUT = 1800.0
"""Seconds that a whole transfer may take."""

_TRANSFER = (
    *("-c", "http.lowSpeedLimit=1"),
    *("-c", "http.lowSpeedTime=30"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "transfer.fsckObjects=false"),
    *("-c", "fetch.fsckObjects=false"),
    *("-c", "fetch.pruneTags=false"),
    *("-c", "fetch.writeCommitGraph=false"),
    *("-c", "fetch.recurseSubmodules=false"),
    *("-c", "submodule.recurse=false"),
)
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=3"
_NETWORK = ("GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_ASKPASS", "GIT_PROXY_", "GIT_CONFIG_", "GIT_EXEC_PATH")
"""Prefixes of git's variables that say how the user reaches a host."""
_CREDENTIALS = ("AWS_", "PULUMI_")
_ASK_HELPER = (
    '!f() { test "$1" != get || printf "username=%s\\npassword=%s\\n" "$SLIPWAY_GIT_USER" "$SLIPWAY_GIT_PASSWORD"; }; f'
)
_DAMAGE = (".lock'", "corrupt", "bad object", "does not point to a valid object", "missing blob", "missing tree")
"""Parts of git's errors that blame the copy on this machine."""


class DamagedError(UnreachableError):
    """The copy on this machine is at fault, not the host."""


def advertised(url: str, names: list[str]) -> dict[str, str]:
    """Return the commits that the host's refs of those full names point at; an annotated tag's commit, not the tag.

    Raises RevisionError if the URL is not allowed, UnreachableError if the host refuses or does not answer.
    """
    peeled = [f"{name}^{{}}" for name in names]
    output = _run(remote(url), ["ls-remote"], [*names, *peeled])
    # A peeled tag (`^{}`) comes after the tag, and replaces it here.
    lines = (line.split("\t", 1) for line in output.decode("utf-8", "replace").splitlines() if "\t" in line)
    return {name.removesuffix("^{}"): sha for sha, name in lines}


def fetch(source: Remote, folder: Path, refspecs: list[str], *, prune: bool) -> None:
    """Fetch refs into the repository at `folder`. Raises UnreachableError; DamagedError if the copy is at fault."""
    options = ["--progress", "--force", "--no-tags", "--update-head-ok", "--no-write-fetch-head"]
    command = ["--git-dir", str(folder), "fetch", *options, "--prune" if prune else "--no-prune"]
    _run(source, command, refspecs, folder)


def _run(source: Remote, command: Sequence[str], names: Sequence[str], folder: Path | None = None) -> bytes:
    """Return the standard output of a git command that is given the host's URL and then `names`.

    Raises UnreachableError if nothing comes for FIRST_BYTE seconds, if a transfer that has begun is silent for STALL
    seconds, or after TRANSFER_TIMEOUT seconds in all. Git is then ended, with all its children.
    """
    shown = without_credentials(source.url)
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                ["git", *git_command.PLAIN, *_TRANSFER, *command, "--", source.url, *names],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                env=_environment(source),
                start_new_session=True,
            )
        except FileNotFoundError:
            raise RevisionError("git is not on PATH: install git") from None
        try:
            errors = _followed(process, shown)
            status = process.wait(timeout=10)
        finally:
            processes.end_group(process)
        if status != 0:
            kind = DamagedError if any(sign in errors for sign in _DAMAGE) else UnreachableError
            raise kind(f"{shown}: {_explain(errors, folder)}")
        output.seek(0)
        return output.read()


def _followed(process: subprocess.Popen[bytes], host: str) -> str:
    """Return the end of what git writes to standard error, where it also shows progress."""
    allowed, deadline, seen = FIRST_BYTE, time.monotonic() + TRANSFER_TIMEOUT, b""
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    with process.stderr as stream, selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(min(allowed, left)):
                raise UnreachableError(f"{host} did not answer for {min(allowed, TRANSFER_TIMEOUT):.0f} s")
            chunk = os.read(stream.fileno(), 65536)
            if not chunk:
                return seen.decode("utf-8", "replace")
            seen = (seen + chunk)[-65536:]
            allowed = STALL


def _environment(source: Remote) -> dict[str, str]:
    """Return what git gets to reach a host: the user's configuration, credential helpers and agents.

    A file URL's repository is a stranger's, and needs none of these.
    """
    if source.scheme == "file":
        return git_command.environment(protocols="file")
    scheme, authority, user, password = source.scheme, source.authority, source.user, source.password
    aws = authority.partition(":")[0].endswith(".amazonaws.com")
    kept = {
        name: value
        for name, value in os.environ.items()
        if (name.startswith(_NETWORK) or not name.startswith("GIT_"))
        and not (name.startswith(_CREDENTIALS) and not (aws and name.startswith("AWS_")))
    }
    settings: dict[str, str] = {}
    if scheme in ("http", "https") and user is not None:
        settings[f"credential.{scheme}://{authority}.username"] = user
    if scheme in ("http", "https") and password is not None:
        settings[f"credential.{scheme}://{authority}.helper"] = _ASK_HELPER
        kept |= {"SLIPWAY_GIT_USER": user or "", "SLIPWAY_GIT_PASSWORD": password}
    if scheme == "ssh" and not {"GIT_SSH", "GIT_SSH_COMMAND"} & os.environ.keys() and not _chooses_ssh():
        kept["GIT_SSH_COMMAND"] = _SSH
    return kept | git_command.fixed(":".join(PROTOCOLS)) | git_command.as_variables(settings, os.environ)


def _chooses_ssh() -> bool:
    """Return whether the user's configuration says which ssh to use."""
    return git_command.attempt(["--git-dir", os.devnull, "config", "--get", "core.sshCommand"])[0] == 0


def _explain(errors: str, folder: Path | None) -> str:
    said = hide_credentials(git_command.reason(errors))
    if "remote ref HEAD" in errors:
        return "the repository is empty, or its HEAD names no branch: give a branch, a tag or a SHA"
    if "mismatched algorithms" in errors or "object format" in errors:
        return "SHA-256 repositories are not supported, only SHA-1 ones"
    if any(sign in errors for sign in ("Authentication failed", "Permission denied", "could not read Username")):
        return f"access refused ({said}): give git credentials for it (a credential helper or an ssh agent)"
    if folder and ("No space left" in errors or "quota exceeded" in errors.lower()):
        return f"there is no room for it in {folder} ({said}): make room, or set XDG_CACHE_HOME"
    if folder and any(sign in errors for sign in _DAMAGE):
        return f"the copy in {folder} is damaged ({said}): remove it and try again"
    return f"can't be fetched ({said}): check the URL, and that the git host is up"
