"""Measures how long the second region takes to serve while the first one is dark, beside the first region's own start.

`python -m benchmarks.recovery [--rounds N]`, without a sandbox running: starts one, deploys two commits of this
repository to the first region, and brings the second one up from each posture while the first one and git's host
are dark.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.rounds import report

CHECKOUT = Path(__file__).resolve().parent.parent
FIRST, STACK = "eu-west-1", "sandbox-dr"
SANDBOX = (sys.executable, "-m", "sandbox")
UP, ACTIVATE = "first region, make up", "pilot-light, release activate"
POSTURES = ("cold", "pilot-light", "warm")


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    measured: dict[str, list[float]] = {UP: []}
    for _ in range(options.rounds):
        _run(*SANDBOX, "down")
        _run(*SANDBOX, "start")
        measured[UP].append(_run("make", "up", "SHA=HEAD~1"))
        _run("make", "up", "SHA=HEAD")
        for posture in POSTURES:
            measured.setdefault(f"second region, {posture}", []).append(_from(posture))
        measured.setdefault(f"second region, {ACTIVATE}", []).append(_from("pilot-light", activate=True))
    _run(*SANDBOX, "down")
    report(measured, base=UP)


def _from(posture: str, *, activate: bool = False) -> float:
    """Return how many seconds it takes from the fault until the second region serves; remove it afterwards."""
    if posture != "cold":
        _run("make", "dr", SLIPWAY_POSTURE=posture)
    began = time.perf_counter()
    _run(*SANDBOX, "fault", "region", FIRST)
    _run(*SANDBOX, "fault", "git")
    try:
        if activate:
            _shell(f"python -m release activate --stack {STACK}")
        else:
            _run("make", "dr", SLIPWAY_POSTURE="active")
        return time.perf_counter() - began
    finally:
        _run(*SANDBOX, "fault", "clear")
        _shell(f"pulumi destroy --yes --skip-preview --stack {STACK}")


def _shell(command: str) -> None:
    """Run a command as in `make shell`."""
    _run("bash", "-c", f'eval "$({sys.executable} -m sandbox env)" && {command}')


def _run(*command: str, **variables: str) -> float:
    """Return how many seconds a command took. Ends this program, with what was said, where it fails."""
    began = time.perf_counter()
    environment = {**os.environ, **variables}
    ran = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
