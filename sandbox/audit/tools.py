"""The environment of the tools of others, apart from the program's: they need other versions of what it needs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sandbox import bootstrap
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT

REQUIREMENTS = CHECKOUT / "requirements-audit.txt"
_DEADLINE = 300.0  # seconds; Checkov takes ten


def run(tool: str, *arguments: str, failed: tuple[int, ...] = ()) -> str:
    """Return what a tool prints; `failed` are its exit codes that say that it found something.

    Raises SandboxError if it ends otherwise, or takes too long.
    """
    program = bootstrap.made(REQUIREMENTS).with_name(tool)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BC_", "CKV_", "GH_"))}
    try:
        ran = subprocess.run(
            [program, *arguments],
            env={**clean, "LOG_LEVEL": "ERROR"},
            cwd=Path(program).parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=_DEADLINE,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise SandboxError(f"{tool} took more than {_DEADLINE:.0f} s") from None
    if ran.returncode not in (0, *failed):
        raise SandboxError(f"{tool} failed: {(ran.stderr or ran.stdout).strip()[-1000:]}")
    return ran.stdout
