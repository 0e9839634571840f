"""Processes of a sandbox: free ports, ready lines, and the certainty that none is left over."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import psutil

from sandbox.errors import SandboxError

MARKER = "SLIPWAY_SANDBOX"  # in the environment of every process of a sandbox: the path of its folder
LOOPBACK = "127.0.0.1"
# Below the range from which kernels take the ports of outgoing connections (Linux: 32768, macOS: 49152), so that no
# such connection sits on a port before whoever it is for listens there.
FIRST_PORT, LAST_PORT = 20000, 31999
_PR_SET_PDEATHSIG = 1
_POLL = 0.05  # seconds: other people's children can't be waited for


def free_port(*, besides: Collection[int] = ()) -> int:
    """A TCP port of the loopback interface that nobody listens on now, and none of `besides`.

    Raises SandboxError where there is none.
    """
    for port in random.sample(range(FIRST_PORT, LAST_PORT + 1), LAST_PORT + 1 - FIRST_PORT):
        if port not in besides and is_free(port):
            return port
    raise SandboxError(f"no port from {FIRST_PORT} to {LAST_PORT} is free; end something that listens there")


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def die_with_parent() -> Callable[[], None] | None:
    """What a child runs before its program so that the kernel ends it with its parent; None but on Linux."""
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was told
            os._exit(1)

    return prepare


def created(pid: int) -> float:
    """When a process was started, in seconds since the epoch; with the pid it names one process for ever."""
    return psutil.Process(pid).create_time()


def is_alive(pid: int, started: float) -> bool:
    """Whether the process that was started then still runs (its pid may be somebody else's by now)."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1 and _runs(process)
    except psutil.Error:
        return False


def find(directory: Path, *, name: str | None = None) -> list[psutil.Process]:
    """Every process that belongs to the sandbox in `directory`, but for this one and those it descends from.

    A `pulumi` that was started by hand in `make shell` belongs to it as well: its PULUMI_HOME is the sandbox's.
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
    except (psutil.Error, OSError):  # gone meanwhile, or another user's
        return False
    if environment.get(MARKER) == str(directory):
        return True
    by_hand = environment.get("PULUMI_HOME", "").startswith(f"{directory}{os.sep}")
    return by_hand and process.info["name"].startswith("pulumi")


def end(processes: Iterable[psutil.Process], steps: Iterable[tuple[signal.Signals, float]]) -> list[psutil.Process]:
    """Signal processes, step by step, waiting up to that many seconds each time. Returns those still alive."""
    alive = list(processes)
    for number, patience in steps:
        if not alive:
            break
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        alive = _wait(alive, patience)
    return alive


def _wait(watched: list[psutil.Process], patience: float) -> list[psutil.Process]:
    """Those still alive after at most `patience` seconds. A zombie is not: its parent may never ask for it."""
    end = time.monotonic() + patience
    while (alive := [process for process in watched if _runs(process)]) and time.monotonic() < end:
        psutil.wait_procs(alive[:1], timeout=_POLL)  # which also reaps it, where it is a child of this process
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def sweep(directory: Path, *, patience: float = 3.0) -> list[psutil.Process]:
    """End every process of the sandbox in `directory`; returns those that could not be ended.

    What a dying process may have started meanwhile is looked for again, a few times.
    """
    for _ in range(3):
        found = find(directory)
        if not found:
            return []
        end(found, [(signal.SIGTERM, patience), (signal.SIGKILL, patience)])
    return find(directory)
