"""Runs a command of the user's on this machine: its lines shown as they come, bounded, ended with all it started."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from release import processes

LAST_LINES = 20
_LONGEST_LINE = 8192


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended: its exit status, None if it took too long; and the last lines that it printed."""

    status: int | None
    last: Sequence[str]

    def told(self) -> str:
        """Return the last lines, each in one of its own, or that there are none."""
        return "".join(f"\n    {line}" for line in self.last) or " none"


def run(
    command: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    timeout: float,
    output: Callable[[str], None],
    umask: int = -1,
    group: int | None = None,
) -> Ended:
    """Run a command to its end, or for `timeout` seconds. `output` gets each line as it comes, from another thread.

    Whatever ends the wait (also Ctrl-C, or that this program is killed), the command is ended with all that it started.
    With `group`, a signal to that process group ends it too, with processes.INTERRUPTED. Raises OSError if it can't be
    started.
    """
    last: deque[str] = deque(maxlen=LAST_LINES)

    def tell(line: str) -> None:
        last.append(line)
        output(line)

    with _process(command, directory, environment, umask, group) as process:
        reader = threading.Thread(target=_read, args=(process, tell), daemon=True)
        reader.start()
        try:
            status = process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            processes.end_guarded(process)
            reader.join(timeout=5)
    return Ended(status=status, last=tuple(last))


@contextmanager
def _process(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], umask: int, group: int | None
) -> Generator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        processes.guarded(command, group),
        cwd=directory,
        env=environment,
        umask=umask,
        stdin=subprocess.PIPE,  # the guard ends the command when this closes
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=group is None,  # a process can't join a group of another session
    )
    try:
        yield process
    finally:
        processes.end_guarded(process)
        if process.stdout is not None:
            process.stdout.close()


def _read(process: subprocess.Popen[bytes], tell: Callable[[str], None]) -> None:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    while line := process.stdout.readline(_LONGEST_LINE):
        tell(line.decode("utf-8", "replace").rstrip("\r\n"))
