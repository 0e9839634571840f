"""What a review costs beside the `pulumi preview` that it needs: the policy pack, the page, and the comment.

`python -m benchmarks.review [--rounds N]`, with a sandbox that serves (`make up`). Drift is left out: that is another
question, which the engine answers by a refresh.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.rounds import alternate, report
from sandbox.control.environment import POLICY_LEVELS, POLICY_PACK
from tests.release.github import hub

PREVIEW = "pulumi preview"
PACK = "pulumi preview with the policy pack"
PAGE = "release preview --markdown with the pack"
COMMENT = "release comment"
GOAL = 1 / 3


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, hub.served() as github:
        page = Path(folder) / "preview.md"
        release = [sys.executable, "-m", "release"]
        engine = ["pulumi", "preview", "--non-interactive", "--json"]
        there = _sandbox()
        plain = {name: value for name, value in there.items() if name not in (POLICY_PACK, POLICY_LEVELS)}
        on_github = {**there, **hub.environment(github)}
        measured = alternate(
            options.rounds,
            {
                PREVIEW: lambda: _run(engine, plain),
                PACK: lambda: _run(engine, there),
                PAGE: lambda: page.write_text(_run([*release, "preview", "--markdown", "--no-drift"], there)),
                COMMENT: lambda: _run([*release, "comment", "--pull", "7", str(page)], on_github),
            },
        )
    report(measured, base=PREVIEW)
    middle = {name: statistics.median(seconds) for name, seconds in measured.items()}
    own = (middle[PAGE] + middle[COMMENT] - middle[PREVIEW]) / middle[PREVIEW]
    print(f"pack, page and comment together: {own:.2f} x {PREVIEW} (goal: less than {GOAL:.2f})")


def _sandbox() -> dict[str, str]:
    """Return the environment that `make shell` gives."""
    command = f'eval "$({sys.executable} -m sandbox env)" && exec env -0'
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in ran.stdout.split("\0") if "=" in line)


def _run(command: list[str], environment: Mapping[str, str]) -> str:
    """Run a command; what it printed."""
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{' '.join(command)}:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return ran.stdout


if __name__ == "__main__":
    main()
