"""Ends a command together with everything it started.

Run as a script, `processes.py COMMAND [ARGUMENT ...]`, it guards the command: it ends it when its own standard input, a
pipe that the caller holds open, is closed. That works however the caller went: the Pulumi engine kills the program on
Ctrl-C, so no handler could tidy up. Standard library only, because it runs without the project on its path.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL."""


def guarded(command: Sequence[str]) -> list[str]:
    """Return the arguments that run a command under a guard; `end_guarded` ends it."""
    return [sys.executable, "-I", __file__, *command]


def end_guarded(process: subprocess.Popen[bytes]) -> None:
    """End a guarded command by closing its guard's standard input; end the guard too if that does not help."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(timeout=GRACE + 2)
    except subprocess.TimeoutExpired:
        end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session and whatever it started: SIGTERM, then SIGKILL after GRACE seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _signal(process.pid, number):
            break
        try:
            process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=GRACE)


def _signal(group: int, number: signal.Signals) -> bool:
    """Signal a process group; return whether there is one that this user may signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _guard(command: Sequence[str]) -> int:
    """Run the command; return its exit status, as a shell does: 128 and the number for a signal."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    ended = threading.Event()
    threading.Thread(target=_watch, args=(child.pid, ended), daemon=True).start()
    status = child.wait()
    ended.set()
    _signal(child.pid, signal.SIGKILL)  # what the command left in the background
    return status if status >= 0 else 128 - status


def _watch(group: int, ended: threading.Event) -> None:
    while os.read(0, 4096):  # it returns nothing once the other end of the pipe is closed
        pass
    _signal(group, signal.SIGTERM)
    if not ended.wait(GRACE):
        _signal(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(_guard(sys.argv[1:]))
