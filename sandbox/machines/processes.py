"""Find and end the processes of a machine, by a mark in their environment and by their session."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox import processes

MARK = "SLIPWAY_MACHINE"  # in the environment of every process of a machine: the absolute path of its folder
SESSION_FILE = "session.json"
SLACK = 2.0  # seconds by which a creation time may be inaccurate


@dataclass(frozen=True)
class Session:
    """The Unix session of a machine's user data, by its leader's pid; `created` is in seconds since the epoch.

    As long as the session has a member, the kernel gives that pid to no new process, even if the leader is gone.
    """

    leader: int
    created: float  # measured right after the start: the script may have ended before its own time can be read

    def has(self, process: psutil.Process) -> bool:
        """Return whether a process is in this session, and not in a later one whose leader got the same pid."""
        try:
            return (
                os.getsid(process.pid) == self.leader
                and process.create_time() > self.created - SLACK
                and not self._over()
            )
        except (psutil.Error, OSError):
            return False

    def _over(self) -> bool:
        if self.created < psutil.boot_time():
            return True
        try:
            return psutil.Process(self.leader).create_time() > self.created + SLACK
        except psutil.Error:
            return False

    def save(self, file: Path) -> None:
        """Save it for the next machines process, in case this one is killed."""
        file.write_text(json.dumps({"leader": self.leader, "created": self.created}))

    @staticmethod
    def load(file: Path) -> Session | None:
        """Read what `save` wrote; None if there is nothing to read."""
        try:
            return Session(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            return None


def of_machine(directory: Path, session: Session | None) -> list[psutil.Process]:
    """Return the live processes of the machine in `directory`.

    These are the processes with its mark, those in its session, and the descendants of both: one process may have
    cleared its environment, another may have left the session. One that did both and lost its parent is not found.
    """
    mark = str(directory)
    return _with_descendants(
        lambda process: _mark(process) == mark or (session is not None and session.has(process)),
    )


def below(directory: Path) -> list[psutil.Process]:
    """Return the live processes of all machines in `directory`, for example those that a killed run left behind."""
    prefix = f"{directory}{os.sep}"
    saved = [Session.load(file) for file in directory.glob(f"*/{SESSION_FILE}")]
    sessions = [session for session in saved if session is not None]
    return _with_descendants(
        lambda process: (_mark(process) or "").startswith(prefix) or any(one.has(process) for one in sessions)
    )


def _with_descendants(chosen: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    everything = {process.pid: process for process in psutil.process_iter()}
    everything.pop(os.getpid(), None)
    children: dict[int, list[int]] = {}
    for pid, process in everything.items():
        with contextlib.suppress(psutil.Error):
            children.setdefault(process.ppid(), []).append(pid)
    found: set[int] = set()
    pending = [pid for pid, process in everything.items() if chosen(process)]
    while pending:
        pid = pending.pop()
        if pid not in found:
            found.add(pid)
            pending += children.get(pid, [])
    return [everything[pid] for pid in found if processes.runs(everything[pid])]


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def end(find: Callable[[], list[psutil.Process]], *, grace: float) -> list[psutil.Process]:
    """Send SIGTERM to the processes that `find` returns, and SIGKILL after `grace` seconds (at once if that is 0).

    Returns those that are still alive in the end.
    """
    polite = [(signal.SIGTERM, grace)] if grace else []
    return processes.end(find, *polite, *[(signal.SIGKILL, 1.0)] * 5)
