"""Run a program on this terminal as the user would, and outlive it: Ctrl-C is its own to answer."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(
    command: Sequence[str], *, env: Mapping[str, str], folder: Path, interrupted: str, passed_on: signal.Signals | None
) -> int:
    """Run a command; returns its exit code (128 + N for signal N).

    `interrupted` is printed at the first signal. On a terminal the kernel sends Ctrl-C to both processes and this one
    only outlives it; elsewhere the command gets a process group of its own and each signal is passed on once: as
    `passed_on`, to the whole group, as a terminal does, or, with None, to the command as what it is.
    """
    shared = sys.stdin.isatty()
    process: subprocess.Popen[bytes] | None = None
    messages = [interrupted]

    def forward(number: int, _frame: types.FrameType | None) -> None:
        if messages:
            print(f"\n{messages.pop()}", file=sys.stderr, flush=True)
        if process is None or (shared and number == signal.SIGINT):
            return
        if passed_on and not shared:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, passed_on)
        else:
            process.send_signal(passed_on or number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        process = subprocess.Popen(command, env=env, cwd=folder, start_new_session=not shared)
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
