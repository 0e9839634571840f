"""Runs the checks that a user has set for a drill: a command by bash, or a URL that has to answer 2xx."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import IO

from release.drill import outside
from release.drill.plan import Asked
from release.drill.report import Check
from release.processes import end_guarded, guarded
from release.text import one_line

_READ = 64 << 10
_SAID = 300


def run(asked: Asked, url: str, environment: Mapping[str, str]) -> Check:
    """Run a check of the stack that serves at `url`; commands find that in their environment."""
    began = time.monotonic()
    if asked.command is not None:
        problem, said = _command(asked.command, asked.timeout, {**environment, "SLIPWAY_URL": url})
    else:
        answered, problem = outside.status((asked.url or "").replace("{url}", url, 1), asked.timeout)
        said = "" if problem else f"it answers {answered}"
    return Check(
        name=asked.name,
        what=asked.what,
        outcome="failed" if problem else "passed",
        seconds=time.monotonic() - began,
        detail=one_line(": ".join(part for part in (problem, said) if part), _SAID),
    )


def not_run(asked: Sequence[Asked]) -> tuple[Check, ...]:
    """Return checks that there was nothing to run against."""
    return tuple(Check(name=each.name, what=each.what, outcome="not run", seconds=None) for each in asked)


def _command(command: str, timeout: float, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return what went wrong ("" for nothing), and the last line that the command printed."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            guarded(["bash", "-c", command]),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            status = process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            return f"it was not done after {timeout:.0f} s", _last_line(output)
        finally:
            end_guarded(process)
        return (f"exit status {status}" if status else ""), _last_line(output)


def _last_line(output: IO[bytes]) -> str:
    size = output.seek(0, 2)
    output.seek(max(0, size - _READ))
    lines = output.read(_READ).decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
