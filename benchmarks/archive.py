"""Measures how long an artifact takes, beside `git archive` of the same commit, with and without compression.

`python -m benchmarks.archive [--files N] [--rounds N]`: makes a repository of its own in a temporary folder.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.rounds import alternate, report
from release.artifact import archive
from release.source import revision

SIZE = 8192


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-benchmark-") as folder:
        repository = Path(folder) / "site"
        _commit(repository, options.files)
        measured = alternate(options.rounds, _subjects(repository, Path(folder)))
    print(f"{options.files} files of {SIZE} bytes, {options.rounds} rounds")
    report(measured, base="artifact")


def _commit(repository: Path, files: int) -> None:
    noise = random.Random(1)  # noqa: S311 - the same bytes in every run
    for number in range(files):
        path = repository / f"{number % 100:02}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise.randbytes(SIZE // 2) + b"x" * (SIZE // 2))
    identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.invalid")
    for command in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "--message", "all")):
        subprocess.run(["git", "-C", str(repository), *command], check=True)


def _subjects(repository: Path, folder: Path) -> dict[str, Callable[[], object]]:
    commit = revision.resolve(str(repository), "HEAD")

    def own() -> None:
        built = archive.write(commit, folder / "artifact.tar.gz")
        built.path.unlink()

    def git(form: str) -> None:
        command = ["git", "-C", str(repository), "archive", f"--format={form}", "--output", str(folder / form), "HEAD"]
        subprocess.run(command, check=True)

    return {
        "artifact": own,
        "digest only (a preview)": lambda: archive.digest(commit),
        "git archive, tar": lambda: git("tar"),
        "git archive, tar.gz": lambda: git("tar.gz"),
    }


if __name__ == "__main__":
    main()
