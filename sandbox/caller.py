"""Print the folder that `make` was called in, quoted for a shell; `''` if it is unknown. Needs nothing but Python.

`make -C` changes its folder before it reads the Makefile and does not record where it was (the `w` in MAKEFLAGS, which
says that it moved, is missing with -s). Known are its command line, the PWD it was given, and the working folder of the
process that called it. The caller's folder is the one from which the command line's -C leads to where make is now.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_TAKE_ONE = "CfIoWE"  # make's short options with an argument, which may be the next word
_MAY_TAKE = "jlO"  # those with an optional argument, in the same word


def changes(arguments: Sequence[str]) -> list[str]:
    """Return the folders that -C names in a command line of make, in order."""
    found: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if len(name) > 1 and "directory".startswith(name):
                found.append(value if equals else next(words, ""))
        elif word.startswith("-"):
            found += _short(word[1:], words)
    return found


def _short(letters: str, words: Iterator[str]) -> list[str]:
    for index, letter in enumerate(letters):
        if letter in _MAY_TAKE:
            return []
        if letter in _TAKE_ONE:
            value = letters[index + 1 :] or next(words, "")
            return [value] if letter == "C" else []
    return []


def caller(arguments: Sequence[str], here: str, candidates: Sequence[str | None]) -> str | None:
    """Return the candidate from which the -C options lead `here`; None if none does, or several do."""
    steps = changes(arguments)
    if not steps:
        return here
    given = [Path(folder) for folder in candidates if folder]
    led = [folder for folder in given if folder.is_absolute() and _leads(folder, steps, here)]
    right = {os.path.realpath(folder) for folder in led}
    return right.pop() if len(right) == 1 else None


def _leads(folder: Path, steps: Sequence[str], here: str) -> bool:
    return os.path.realpath(folder.joinpath(*steps)) == os.path.realpath(here)


def _command_line(pid: int) -> list[str]:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
        return [os.fsdecode(word) for word in words]
    except OSError:
        asked = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()


def _callers_folder(pid: int) -> str | None:
    try:
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        return str(Path(f"/proc/{parent}/cwd").readlink())
    except OSError:
        return None


def main() -> None:
    """Print the folder; make's `shell` function calls this."""
    make = os.getppid()
    candidates = [os.environ.get("GIVEN_PWD"), _callers_folder(make)]
    found = caller(_command_line(make)[1:], str(Path.cwd()), candidates) or ""
    found = "" if "\n" in found else found  # make would turn it into a blank
    quoted = found.replace("'", "'\\''")
    sys.stdout.buffer.write(os.fsencode(f"'{quoted}'"))


if __name__ == "__main__":
    main()
