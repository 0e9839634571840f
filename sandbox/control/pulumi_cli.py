"""Running pulumi: in the foreground as the user would, or quietly to ask it something."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError

QUESTION = 60.0  # seconds for what only reads or writes local state


def foreground(command: Sequence[str], *, env: Mapping[str, str], cwd: Path, interrupted: str = "") -> int:
    """Run a command with this terminal; returns its exit code (128 and the number for a signal).

    `interrupted` is said on the first Ctrl-C.

    Ctrl-C belongs to the command: pulumi cancels on the first and quits on the second. On a terminal the kernel
    hands it to both processes, so this one only outlives it; elsewhere the command gets a group of its own and
    each signal is passed on once.
    """
    shared = sys.stdin.isatty()
    process: subprocess.Popen[bytes] | None = None
    sayings = [interrupted] if interrupted else []

    def forward(number: int, _frame: types.FrameType | None) -> None:
        if sayings:
            print(f"\n{sayings.pop()}", file=sys.stderr, flush=True)
        if process and not (shared and number == signal.SIGINT):
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        process = subprocess.Popen(command, env=env, cwd=cwd, start_new_session=not shared)
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def ask(arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, deadline: float = QUESTION) -> str:
    """What pulumi prints. Raises SandboxError with what it complained about."""
    try:
        answer = subprocess.run(
            [program(env), *arguments, "--non-interactive"],
            env=env,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=deadline,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise SandboxError(f"pulumi {' '.join(arguments)} took more than {deadline:.0f} s") from None
    if answer.returncode:
        said = (answer.stderr or answer.stdout).strip().removeprefix("error: ")
        raise SandboxError(f"pulumi {' '.join(arguments)}: {said}")
    return answer.stdout


def ask_json(arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> Any:  # noqa: ANN401  # JSON
    """What pulumi prints with --json."""
    return json.loads(ask([*arguments, "--json"], env=env, cwd=cwd))


def program(env: Mapping[str, str]) -> str:
    """The pulumi of that environment's PATH."""
    for folder in env["PATH"].split(os.pathsep):
        path = Path(folder) / "pulumi"
        if os.access(path, os.X_OK):
            return str(path)
    raise SandboxError("pulumi is not on the PATH of the sandbox; run make up")
