"""Runs git without prompts, without the network, with a deadline, and without a stranger's programs or settings.

A repository's own configuration can name programs (file system monitor, filters, hooks, ssh command). Those that the
commands used here would run are overridden on the command line, which no file outranks, and git gets no credentials.
The variables that point git at a repository (such as `GIT_DIR`, which git itself sets for hooks) are dropped, so that
the repository is always the one that was named. GitPython can't do this: it gives git the whole environment.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from release.errors import RevisionError

LOCAL_TIMEOUT = 120.0
"""Seconds that a command may take."""
PLAIN = (
    "--no-pager",
    # Programs that a repository's configuration could name.
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    # A file that could contradict the objects.
    *("-c", "core.commitGraph=false"),
    # Settings of the user's that would change or refuse the output.
    *("-c", "log.showSignature=false"),
    *("-c", "column.ui=never"),
    *("-c", "color.ui=never"),
    *("-c", "i18n.logOutputEncoding=UTF-8"),
    *("-c", "safe.bareRepository=all"),
)
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
_OWN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def environment(
    *, own: bool = False, settings: Mapping[str, str] | None = None, protocols: str = "none"
) -> dict[str, str]:
    """Return the environment of a git command that needs no credentials; without a protocol it can't fetch at all.

    `own` means a repository that Slipway made, to which the user's configuration does not apply. `settings` outrank
    the repository's configuration; their names may contain any character.
    """
    kept = {name: value for name, value in os.environ.items() if name in _LOCAL}
    return kept | (_OWN if own else {}) | fixed(protocols) | as_variables(settings or {})


def as_variables(settings: Mapping[str, str], base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return settings as variables that git reads, numbered after those in `base`; arguments can be seen."""
    given = (base or {}).get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isdecimal() else 0
    found: dict[str, str] = {}
    for number, (key, value) in enumerate(settings.items(), first):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found | ({"GIT_CONFIG_COUNT": str(first + len(settings))} if settings else {})


def fixed(protocols: str) -> dict[str, str]:
    """Return the variables that every git command gets; `protocols` are those it may fetch by, joined by colons."""
    return {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        # A replaced object would be different content under the same SHA.
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
    """Return the standard output of a git command. Raises RevisionError, quoting git, if it fails."""
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
    """Return the exit status, standard output and standard error of a git command."""
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


def reason(errors: str) -> str:
    """Return the line of git's standard error that says why it failed."""
    lines = [line.strip() for line in errors.replace("\r", "\n").splitlines() if line.strip()]
    for prefix in ("fatal:", "error:", "ERROR:", "remote:"):
        for line in lines:
            if line.startswith(prefix):
                return line
    return lines[-1] if lines else ""
