"""Ends a command together with everything it started.

Run as a script, `processes.py GROUP COMMAND [ARGUMENT ...]`, it guards the command: it ends it when its own standard
input, a pipe that the caller holds open, is closed. That works however the caller went: the Pulumi engine kills the
program on Ctrl-C, so no handler could tidy up. It joins the process group GROUP unless that is 0, and ends the command
when that group is interrupted. Standard library only, because it runs without the project on its path.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL."""
INTERRUPTED = 130
"""The exit status of a guard that was interrupted."""
_LEVELS = 8


def guarded(command: Sequence[str], group: int | None = None) -> list[str]:
    """Return the arguments that run a command under a guard; `end_guarded` ends it.

    With `group`, a process group of this session, the guard is in it, and Ctrl-C there ends the command too.
    """
    return [sys.executable, "-I", __file__, str(group or 0), *command]


def engine_group() -> int:
    """Return the process group of the nearest ancestor that is in another one than this process: the Pulumi engine's.

    The engine puts the program into a group of its own, which Ctrl-C on a terminal does not reach. Without such an
    ancestor it is this process's own group.
    """
    own, process = os.getpgid(0), os.getpid()
    for _ in range(_LEVELS):
        process = _parent(process)
        try:
            group = os.getpgid(process) if process > 1 else own
        except OSError:
            return own
        if process <= 1 or group != own:
            return group
    return own


def _parent(process: int) -> int:
    """Return the id of a process's parent, 0 if there is none to be found (POSIX's `ps`)."""
    try:
        said = subprocess.run(["ps", "-o", "ppid=", "-p", str(process)], capture_output=True, text=True, check=False)
        return int(said.stdout)
    except (OSError, ValueError):
        return 0


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


def _guard(group: int, command: Sequence[str]) -> int:
    """Run the command; return its exit status, as a shell does: 128 and the number for a signal."""
    interrupted = threading.Event()
    if group:
        with contextlib.suppress(OSError):  # another session's: then only the caller can end it
            os.setpgid(0, group)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: interrupted.set())
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    ended = threading.Event()
    threading.Thread(target=_watch, args=(child.pid, ended), daemon=True).start()
    threading.Thread(target=_heed, args=(child.pid, interrupted, ended), daemon=True).start()
    status = child.wait()
    ended.set()
    _signal(child.pid, signal.SIGKILL)  # what the command left in the background
    if interrupted.is_set():
        return INTERRUPTED
    return status if status >= 0 else 128 - status


def _watch(group: int, ended: threading.Event) -> None:
    while os.read(0, 4096):  # it returns nothing once the other end of the pipe is closed
        pass
    _end(group, ended)


def _heed(group: int, interrupted: threading.Event, ended: threading.Event) -> None:
    interrupted.wait()
    _end(group, ended)


def _end(group: int, ended: threading.Event) -> None:
    _signal(group, signal.SIGTERM)
    if not ended.wait(GRACE):
        _signal(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(_guard(int(sys.argv[1]), sys.argv[2:]))
