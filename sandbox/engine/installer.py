"""Install the engine with Pulumi's own installer, if its host can be reached."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.progress import Progress, follow

URL = "https://get.pulumi.com"
CONNECT = 5  # seconds to connect: an unreachable host must not delay the build for long
SCRIPT = 30  # seconds to download the script
DEADLINE = 600.0  # seconds to run it


def install(version: str, *, work: Path, result: Path) -> bool:
    """Put the engine's programs into `result`. If that fails, prints why and returns False."""
    reason = _install(version, work, result)
    if reason:
        print(f"official installer: {reason}", file=sys.stderr, flush=True)
    return not reason


def _install(version: str, work: Path, result: Path) -> str:
    if not shutil.which("curl"):
        return "it needs curl, which is not on PATH"
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
        return f"it took more than {DEADLINE / 60:.0f} min"
    programs = list((root / "bin").glob("pulumi*")) if code == 0 else []
    if not programs:
        return f"it failed with exit code {code}"
    for program in programs:
        program.rename(result / program.name)
    progress.end(f"{version} installed")
    return ""
