"""Runs a command, and ends it and all it started when whoever asked for it is gone, however they went.

Usage: `processes.py COMMAND [ARGUMENT ...]`, with a pipe as standard input that the caller holds open. The Pulumi
engine kills the program on Ctrl-C: no handler of it could tidy up. Standard library only; it is run as a script.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL."""


def main(command: list[str]) -> int:
    """The command's exit status, 128 and the number for a signal, as a shell has it."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(child.pid, ended), daemon=True)
    watcher.start()
    status = child.wait()
    ended.set()
    _signal(child.pid, signal.SIGKILL)  # what the command left in the background
    return status if status >= 0 else 128 - status


def _watch(group: int, ended: threading.Event) -> None:
    while os.read(0, 4096):  # nothing, once the other end of the pipe is closed
        pass
    _signal(group, signal.SIGTERM)
    if not ended.wait(GRACE):
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
