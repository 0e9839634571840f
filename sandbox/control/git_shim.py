"""The `git` that the sandbox's tools find first on PATH: it counts itself, and fails while the git host is dark.

In the sandbox the git host is as often a folder as a URL, so it can't be cut off by its address. Whatever Slipway
learns from a repository it learns by running git, so a git that fails as it does without its host stands for both.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

_CALLS, _DARK = "git.calls", "git.dark"
_SCRIPT = """\
#!/bin/sh
echo "$1" >>{calls}
if [ -e {dark} ]; then
  echo "fatal: unable to access the git host: Failed to connect: Connection refused" >&2
  echo "(a fault on request; \\`python -m sandbox fault git --end\\` ends it)" >&2
  exit 128
fi
exec {git} "$@"
"""


def folder(directory: Path) -> Path:
    """Return the folder for PATH."""
    return directory / "bin"


def install(directory: Path) -> None:
    """Write the command into the sandbox's folder, if this computer has git."""
    git = shutil.which("git", path=without(directory, os.environ.get("PATH", os.defpath)))
    if git is None:
        return
    folder(directory).mkdir(parents=True, exist_ok=True)
    command = folder(directory) / "git"
    names = {"calls": directory / _CALLS, "dark": directory / _DARK, "git": git}
    command.write_text(_SCRIPT.format(**{name: shlex.quote(str(value)) for name, value in names.items()}))
    command.chmod(0o755)


def without(directory: Path, path: str) -> str:
    """Return a PATH on which the computer's own git is found: machines' are not the sandbox's tools."""
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if entry != str(folder(directory)))


def use(directory: Path) -> None:
    """Have this process and those it starts run that git, if there is one."""
    if folder(directory).is_dir():
        os.environ["PATH"] = os.pathsep.join([str(folder(directory)), os.environ.get("PATH", os.defpath)])


def is_dark(directory: Path) -> bool:
    """Return whether the git host is out."""
    return (directory / _DARK).exists()


def set_dark(directory: Path, dark: bool) -> None:
    """Begin or end the outage of the git host."""
    if dark:
        (directory / _DARK).touch()
    else:
        (directory / _DARK).unlink(missing_ok=True)


def count(directory: Path, *, reset: bool = False) -> int:
    """Return how many git commands ran since the last reset."""
    calls = directory / _CALLS
    try:
        counted = len(calls.read_bytes().splitlines())
    except FileNotFoundError:
        return 0
    if reset:
        calls.unlink(missing_ok=True)
    return counted
