"""The engine by Pulumi's own installer, where its host can be reached."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.progress import Progress, follow

URL = "https://get.pulumi.com"
CONNECT = 5  # seconds: a host that is not there must not hold a build up
SCRIPT = 30
DEADLINE = 600.0


def install(version: str, *, work: Path, result: Path) -> bool:
    """Put the engine's programs into `result`. Returns False, having said why, where that is not possible."""
    reason = _install(version, work, result)
    if reason:
        print(f"official installer: {reason}", file=sys.stderr, flush=True)
    return not reason


def _install(version: str, work: Path, result: Path) -> str:
    if not shutil.which("curl"):
        return "needs curl, which is not on PATH"
    script = work / "install.sh"
    limits = ["--connect-timeout", str(CONNECT), "--max-time", str(SCRIPT)]
    fetched = subprocess.run(
        ["curl", "-fsSL", *limits, "--output", str(script), URL],
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode:
        return f"{URL} is not reachable ({fetched.stderr.strip() or fetched.returncode})"
    return _run(script, version, work, result)


def _run(script: Path, version: str, work: Path, result: Path) -> str:
    root = work / "installed"
    flags = ["--version", version.removeprefix("v"), "--install-root", str(root), "--no-edit-path"]
    progress = Progress("official installer")
    try:
        code = follow(
            ["sh", str(script), *flags],
            progress=progress,
            status=lambda _line: f"fetching {version}",
            log=work / "installer.log",
            deadline=DEADLINE,
        )
    except TimeoutError:
        return f"took more than {DEADLINE / 60:.0f} min"
    programs = list((root / "bin").glob("pulumi*")) if code == 0 else []
    if not programs:
        return f"ended with {code}"
    for program in programs:
        program.rename(result / program.name)
    progress.end(f"{version} installed")
    return ""
