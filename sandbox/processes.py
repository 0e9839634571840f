"""Find the processes of a sandbox, end them for certain, and let children die with their parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

MARKER = "SLIPWAY_SANDBOX"  # in the environment of every process of a sandbox: the path of its folder
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_POLL = 0.05  # seconds


def die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that has the kernel send this signal to a child when its parent dies (Linux only).

    Nothing but system calls happens between fork and exec; libc is loaded beforehand.
    """
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent died before the kernel was told
            os._exit(1)

    return prepare


def created(pid: int) -> float:
    """Return when a process was started, in seconds since the epoch: together with the pid this identifies it."""
    return psutil.Process(pid).create_time()


def is_alive(pid: int, started: float) -> bool:
    """Return whether the process that was started then still runs; its pid may be another process's by now."""
    return bool(_identified(pid, started))


def _identified(pid: int, started: float) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process] if abs(process.create_time() - started) < 1 and runs(process) else []
    except psutil.Error:
        return []


def runs(process: psutil.Process) -> bool:
    """Return whether a process has not ended. A zombie has: its parent may never ask for its exit code."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def find(directory: Path, *, name: str | None = None) -> list[psutil.Process]:
    """Return the processes of the sandbox in `directory`, except this one and its ancestors.

    A `pulumi` started by hand in `make shell` counts: its PULUMI_HOME is the sandbox's.
    """
    me = psutil.Process()
    spared = {me.pid, *(parent.pid for parent in me.parents())}
    return [
        process
        for process in psutil.process_iter(["name"])
        if process.pid not in spared and (name is None or process.info["name"] == name) and _belongs(process, directory)
    ]


def _belongs(process: psutil.Process, directory: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        environment = process.environ()
    except (psutil.Error, OSError):  # it has ended meanwhile, or is another user's
        return False
    if environment.get(MARKER) == str(directory):
        return True
    by_hand = environment.get("PULUMI_HOME", "").startswith(f"{directory}{os.sep}")
    return by_hand and process.info["name"].startswith("pulumi")


def end(find: Callable[[], Iterable[psutil.Process]], *steps: tuple[signal.Signals, float]) -> list[psutil.Process]:
    """Send each step's signal to the processes that `find` returns, and wait for them up to its number of seconds.

    `find` is called again before each step, because a process may start another one while it dies. Returns those that
    are still alive after the last step.
    """
    for number, patience in steps:
        alive = [process for process in find() if runs(process)]
        if not alive:
            return []
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        deadline = time.monotonic() + patience
        while any(map(runs, alive)) and time.monotonic() < deadline:
            time.sleep(_POLL)  # only a parent can wait for a process, and reaping it is the parent's business
    return [process for process in find() if runs(process)]


def end_one(pid: int, started: float, *steps: tuple[signal.Signals, float]) -> None:
    """End the process that was started then, by the steps of `end`."""
    end(lambda: _identified(pid, started), *steps)


def sweep(directory: Path, *, patience: float = 3.0) -> list[psutil.Process]:
    """End every process of the sandbox in `directory`; returns those that could not be ended."""
    return end(lambda: find(directory), (signal.SIGTERM, patience), *[(signal.SIGKILL, patience)] * 3)
