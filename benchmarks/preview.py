"""How long a `pulumi preview` without changes takes in one version of Slipway, beside another.

`python -m benchmarks.preview BEFORE AFTER [--rounds N]`: two checkouts, in each of which a sandbox serves (`make up`).
Both are asked in turns, each going first in every other round, and the ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

COMMAND = 'eval "$({python} -m sandbox env)" && exec pulumi preview --expect-no-changes --non-interactive'


@dataclass(frozen=True, kw_only=True)
class Took:
    """Seconds that one preview took: `wall` by the clock, `processor` of the engine, its hosts and the program."""

    wall: float
    processor: float


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    rounds = [_round(options.before, options.after, number) for number in range(options.rounds + 1)][1:]
    for name in ("wall", "processor"):
        pairs = [(getattr(before, name), getattr(after, name)) for before, after in rounds]
        ratios = [after / before for before, after in pairs]
        before, after = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(
            f"{name:<10} before {before:5.2f} s  after {after:5.2f} s  "
            f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        )


def _round(before: Path, after: Path, number: int) -> tuple[Took, Took]:
    if number % 2:
        return _preview(before), _preview(after)
    second = _preview(after)
    return _preview(before), second


def _preview(checkout: Path) -> Took:
    used, began = _processor(), time.perf_counter()
    command = COMMAND.format(python=checkout / ".venv" / "bin" / "python")
    ran = subprocess.run(["bash", "-c", command], cwd=checkout, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{checkout}: `pulumi preview` failed or found changes:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return Took(wall=time.perf_counter() - began, processor=_processor() - used)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
