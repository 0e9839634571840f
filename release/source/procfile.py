"""The Procfile: what a release runs, `<process>: <command>` a line, as https://devcenter.heroku.com/articles/procfile
has it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from release.errors import ProcfileError

_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*)")
_UNFIT = re.compile(r"[\0-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def parse(text: str, where: str = "Procfile") -> dict[str, str]:
    """Command by process, in order. Blank lines and `#` comments are skipped; ProcfileError names any other line."""
    processes: dict[str, str] = {}
    for number, raw in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if _UNFIT.search(line):
            raise ProcfileError(
                f"{where}, line {number}: {line[:60]!r} holds a control character, or what is not UTF-8"
            )
        if match is None:
            raise ProcfileError(f"{where}, line {number}: {line[:60]!r} is not `<process>: <command>`")
        if match[1] in processes:
            raise ProcfileError(f"{where}, line {number}: process {match[1]!r} is declared a second time")
        processes[match[1]] = match[2].strip()
    return processes


def command(processes: Mapping[str, str], process: str, sha: str) -> str:
    """What the process runs; ProcfileError, with those there are, where the release has none of that name."""
    if process in processes:
        return processes[process]
    known = ", ".join(sorted(processes)) or "no process at all"
    raise ProcfileError(
        f"release {sha[:12]} declares no process {process!r}: its Procfile has {known}; "
        "name one of those, or set the fleet's command"
    )


def not_run(processes: Mapping[str, str]) -> str | None:
    """What to tell of a line that means more elsewhere than here; None where there is none."""
    if "release" not in processes:
        return None
    return (
        "the Procfile's `release:` line is not run: Slipway starts processes on instances, and has no step before "
        "that; run it yourself before the deploy (a database migration, say)"
    )
