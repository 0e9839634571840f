"""File locks between processes. The kernel frees them when their holder dies, however it dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Generator
from pathlib import Path

from sandbox.errors import SandboxError

_POLL = 0.2  # flock has no deadline of its own


@contextlib.contextmanager
def locked(path: Path, *, deadline: float, waiting: Callable[[], None] = lambda: None) -> Generator[None]:
    """Hold the lock on `path` (a folder, or a file that is made if it does not exist).

    Waits for at most `deadline` seconds, calling `waiting` once if it has to wait. Raises SandboxError after that.
    """
    if path.is_dir():
        descriptor = os.open(path, os.O_RDONLY)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, path, deadline, waiting)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, deadline: float, waiting: Callable[[], None]) -> None:
    end = time.monotonic() + deadline
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise SandboxError(
                    f"{path} is locked by another process (waited {deadline:.0f} s); end that process first"
                ) from None
        if not told:
            told = True
            waiting()
        time.sleep(_POLL)
