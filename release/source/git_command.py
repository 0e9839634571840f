"""Runs git: never a prompt, never the network unless asked, never without a deadline, and never a stranger's command.

A repository's own configuration can name programs (file system monitor, filters, hooks, ssh command). Those that the
commands used here would run are overridden on the command line, which no file outranks; and git gets no credentials.
The variables that point git at a repository (`GIT_DIR` and its kin, which git itself sets for hooks) are dropped,
so that the repository is always the one that was named.
"""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

from release import processes
from release.errors import RevisionError, UnreachableError
from release.source.urls import PROTOCOLS

LOCAL_TIMEOUT = 120.0
"""Seconds that a command without the network may take."""
FIRST_BYTE = 6.0
"""Seconds within which a git host has to show a sign of life."""
STALL = 45.0
"""Seconds that a transfer may be silent once it has begun."""
TRANSFER_TIMEOUT = 1800.0
"""Seconds a whole transfer may take."""

PLAIN = (
    "--no-pager",
    # What a repository's configuration would run.
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    # What it could say that the objects do not.
    *("-c", "core.commitGraph=false"),
    # What the user's configuration would add to what is read, or refuse.
    *("-c", "log.showSignature=false"),
    *("-c", "column.ui=never"),
    *("-c", "color.ui=never"),
    *("-c", "i18n.logOutputEncoding=UTF-8"),
    *("-c", "safe.bareRepository=all"),
)
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
SSH = "ssh -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=3"
_LOCAL = frozenset(
    [
        "PATH",
        "HOME",
        "XDG_CONFIG_HOME",
        "TMPDIR",
        "USER",
        "LOGNAME",
        "SUDO_UID",
        "LD_LIBRARY_PATH",
        "GIT_EXEC_PATH",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
    ]
)
_NETWORK = ("GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_ASKPASS", "GIT_PROXY_", "GIT_CONFIG_", "GIT_EXEC_PATH")
"""Beginnings of the variables of git that say how the user reaches a host."""
_CREDENTIALS = ("AWS_", "PULUMI_")
_OWN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def environment(*, own: bool = False, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """What git gets where it needs no network: no credentials, and no transport (a partial clone can't fetch lazily).

    `own`: a repository that Slipway made, in which the user's configuration has no say. `settings` are put above the
    repository's configuration, whatever characters their names hold.
    """
    kept = {name: value for name, value in os.environ.items() if name in _LOCAL}
    return kept | (_OWN if own else {}) | _fixed("none") | as_variables(settings or {})


def network_environment(scheme: str, variables: Mapping[str, str], *, aws: bool = False) -> dict[str, str]:
    """What git gets to fetch by that scheme: the user's configuration, helpers and agents, and `variables`.

    No credentials of AWS, unless the host is AWS's own. A file URL's repository is a stranger's that needs none at all.
    """
    if scheme == "file":
        return environment() | _fixed("file") | dict(variables)
    kept = {
        name: value
        for name, value in os.environ.items()
        if (name.startswith(_NETWORK) or not name.startswith("GIT_"))
        and not (name.startswith(_CREDENTIALS) and not (aws and name.startswith("AWS_")))
    }
    return kept | _fixed(":".join(PROTOCOLS)) | dict(variables)


def as_variables(settings: Mapping[str, str], base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Settings as git takes them from the environment (after those that `base` has): not seen in argument lists."""
    given = (base or {}).get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isdecimal() else 0
    found: dict[str, str] = {}
    for number, (key, value) in enumerate(settings.items(), first):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found | ({"GIT_CONFIG_COUNT": str(first + len(settings))} if settings else {})


def _fixed(protocols: str) -> dict[str, str]:
    return {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        # A replaced object would be another content under the same SHA.
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": protocols,
        "GIT_DEFAULT_HASH": "sha1",
        "GIT_DEFAULT_REF_FORMAT": "files",
    }


def run(
    arguments: Sequence[str],
    *,
    own: bool = False,
    settings: Mapping[str, str] | None = None,
    timeout: float = LOCAL_TIMEOUT,
) -> bytes:
    """The standard output of a git command that needs no network. Raises RevisionError with git's own last line."""
    status, output, errors = attempt(arguments, own=own, settings=settings, timeout=timeout)
    if status != 0:
        raise RevisionError(f"git {' '.join(arguments)}: {reason(errors) or f'exit status {status}'}")
    return output


def attempt(
    arguments: Sequence[str],
    *,
    own: bool = False,
    settings: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = LOCAL_TIMEOUT,
) -> tuple[int, bytes, str]:
    """Exit status, standard output and standard error of a git command that needs no network."""
    try:
        done = subprocess.run(
            ["git", *PLAIN, *arguments],
            input=stdin,
            capture_output=True,
            env=environment(own=own, settings=settings),
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise RevisionError("git is not on PATH: install git") from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"git {' '.join(arguments)}: not done after {timeout:.0f} s") from None
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def transfer(arguments: Sequence[str], *, host: str, environment: Mapping[str, str]) -> tuple[int, bytes, str]:
    """Run a git command that talks to `host`; its exit status, standard output (short) and standard error.

    Ends it, with all its children, and raises UnreachableError when nothing comes for FIRST_BYTE seconds, when a
    transfer that has begun is silent for STALL seconds, or after TRANSFER_TIMEOUT seconds in all.
    """
    try:
        process = subprocess.Popen(
            ["git", *PLAIN, *_TRANSFER, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
        )
    except FileNotFoundError:
        raise RevisionError("git is not on PATH: install git") from None
    said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    answered: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 - they are pipes
    with process.stdout as answer, process.stderr as errors:
        readers = [_reader(answer.fileno(), answered), _reader(errors.fileno(), said)]
        try:
            status, shown = _follow(process, said, host=host)
        finally:
            processes.end_group(process)
            for reader in readers:
                reader.join(timeout=5)
    return status, _drained(answered), shown


def _reader(descriptor: int, chunks: queue.SimpleQueue[bytes]) -> threading.Thread:
    reader = threading.Thread(target=_pump, args=(descriptor, chunks), daemon=True)
    reader.start()
    return reader


def _drained(chunks: queue.SimpleQueue[bytes]) -> bytes:
    return b"".join(chunks.get() for _ in range(chunks.qsize()))


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


def reason(errors: str) -> str:
    """The line of git's standard error that says why it failed."""
    lines = [line.strip() for line in errors.replace("\r", "\n").splitlines() if line.strip()]
    for prefix in ("fatal:", "error:", "ERROR:", "remote:"):
        for line in lines:
            if line.startswith(prefix):
                return line
    return lines[-1] if lines else ""
