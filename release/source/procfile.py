"""Reads a Procfile: the processes of a release, each a line `<process>: <command>`. Pure.

The format is Heroku's: https://devcenter.heroku.com/articles/procfile
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from release.errors import ProcfileError

_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*)")
_UNFIT = re.compile(r"[\0-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def parse(text: str, where: str = "Procfile") -> dict[str, str]:
    """Return the command of each process, in order; skip comments. Raises ProcfileError for any other line."""
    processes: dict[str, str] = {}
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if _UNFIT.search(line):
            raise ProcfileError(f"{where}, line {number}: {line[:60]!r} contains a control character or invalid UTF-8")
        if match is None:
            raise ProcfileError(f"{where}, line {number}: {line[:60]!r} is not `<process>: <command>`")
        if match[1] in processes:
            raise ProcfileError(f"{where}, line {number}: process {match[1]!r} is declared a second time")
        processes[match[1]] = match[2].strip()
    return processes


def command(processes: Mapping[str, str], process: str, sha: str) -> str:
    """Return what a process runs. Raises ProcfileError, listing the processes, if the release has none of that name."""
    if process in processes:
        return processes[process]
    known = ", ".join(sorted(processes)) or "no processes"
    raise ProcfileError(
        f"release {sha[:12]} declares no process {process!r}: its Procfile has {known}; "
        "name one of those, or set the fleet's command"
    )
