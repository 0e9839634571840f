"""Runs git: never a prompt, never the network unless asked, and never without a deadline.

The variables that point git at a repository (`GIT_DIR` and its kin, which git itself sets for hooks) are dropped,
so that the repository is always the one that was named.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Sequence

from release.errors import RevisionError, UnreachableError

LOCAL_TIMEOUT = 120.0
"""Seconds that a command without the network may take."""
FIRST_BYTE = 6.0
"""Seconds within which a git host has to show a sign of life."""
STALL = 45.0
"""Seconds that a transfer may be silent once it has begun."""
TRANSFER_TIMEOUT = 1800.0
"""Seconds a whole transfer may take."""

# What the user's configuration would add to what is read.
_PLAIN = ("-c", "log.showSignature=false", "-c", "column.ui=never", "-c", "color.ui=never")
PROTOCOLS = ("file", "http", "https", "ssh")
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=3"
_REPOSITORY_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_DIR GIT_GRAFT_FILE GIT_IMPLICIT_WORK_TREE GIT_INDEX_FILE"
    " GIT_INTERNAL_SUPER_PREFIX GIT_NAMESPACE GIT_OBJECT_DIRECTORY GIT_PREFIX GIT_QUARANTINE_PATH"
    " GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE"
)


def environment(*, network: bool = False) -> dict[str, str]:
    """The environment git gets. Without `network`, no transport is allowed: a partial clone cannot fetch lazily."""
    kept = {name: value for name, value in os.environ.items() if name not in _REPOSITORY_VARIABLES.split()}
    kept.update(
        LC_ALL="C",
        GIT_TERMINAL_PROMPT="0",
        GIT_OPTIONAL_LOCKS="0",
        GIT_LITERAL_PATHSPECS="1",
        GIT_NO_LAZY_FETCH="1",
        # A replaced object would be another content under the same SHA.
        GIT_NO_REPLACE_OBJECTS="1",
        GIT_ALLOW_PROTOCOL=":".join(PROTOCOLS) if network else "none",
    )
    kept.setdefault("GIT_SSH_COMMAND", _SSH)
    return kept


def run(arguments: Sequence[str], *, timeout: float = LOCAL_TIMEOUT) -> bytes:
    """The standard output of a git command that needs no network. Raises RevisionError with git's own last line."""
    status, output, errors = attempt(arguments, timeout=timeout)
    if status != 0:
        raise RevisionError(f"git {' '.join(arguments)}: {reason(errors) or f'exit status {status}'}")
    return output


def attempt(arguments: Sequence[str], *, timeout: float = LOCAL_TIMEOUT) -> tuple[int, bytes, str]:
    """Exit status, standard output and standard error of a git command that needs no network."""
    try:
        done = subprocess.run(
            ["git", *_PLAIN, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment(),
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise RevisionError("git is not on PATH: install git") from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"git {' '.join(arguments)}: not done after {timeout:.0f} s") from None
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def transfer(arguments: Sequence[str], *, host: str) -> tuple[int, str]:
    """Run a git command that talks to `host`; its exit status and standard error.

    Ends it, with all its children, and raises UnreachableError when nothing comes for FIRST_BYTE seconds, when a
    transfer that has begun is silent for STALL seconds, or after TRANSFER_TIMEOUT seconds in all.
    """
    process = subprocess.Popen(
        ["git", "-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(network=True),
        start_new_session=True,
    )
    chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    with process.stderr as stream:
        reader = threading.Thread(target=_pump, args=(stream.fileno(), chunks), daemon=True)
        reader.start()
        try:
            return _follow(process, chunks, host=host)
        finally:
            kill_group(process)
            reader.join(timeout=5)


def _pump(descriptor: int, chunks: queue.SimpleQueue[bytes]) -> None:
    while chunk := os.read(descriptor, 65536):
        chunks.put(chunk)
    chunks.put(b"")


def _follow(process: subprocess.Popen[bytes], chunks: queue.SimpleQueue[bytes], *, host: str) -> tuple[int, str]:
    allowed = FIRST_BYTE
    deadline = time.monotonic() + TRANSFER_TIMEOUT
    seen = b""
    while True:
        try:
            chunk = chunks.get(timeout=max(0.0, min(allowed, deadline - time.monotonic())))
        except queue.Empty:
            waited = TRANSFER_TIMEOUT if time.monotonic() >= deadline else allowed
            raise UnreachableError(f"{host} did not answer for {waited:.0f} s") from None
        if not chunk:
            return process.wait(timeout=10), seen.decode("utf-8", "replace")
        seen = (seen + chunk)[-65536:]
        allowed = STALL


def kill_group(process: subprocess.Popen[bytes], grace: float = 3.0) -> None:
    """End a process that leads a session, and whatever it started: SIGTERM, then SIGKILL after `grace` seconds."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=grace)


def reason(errors: str) -> str:
    """The line of git's standard error that says why it failed."""
    lines = [line.strip() for line in errors.replace("\r", "\n").splitlines() if line.strip()]
    for prefix in ("fatal:", "error:", "ERROR:", "remote:"):
        for line in lines:
            if line.startswith(prefix):
                return line
    return lines[-1] if lines else ""
