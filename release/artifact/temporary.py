"""Makes temporary folders that do not pile up: the next process removes what a killed one left."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

_NAME = re.compile(r"slipway-(\d+)-.*")


@contextlib.contextmanager
def folder() -> Generator[Path]:
    """Make a folder that is removed after the block."""
    with _make() as path:
        yield Path(path)


def kept() -> Path:
    """Make a folder that is removed when this process ends."""
    made = _make()
    atexit.register(made.cleanup)
    return Path(made.name)


def _make() -> tempfile.TemporaryDirectory[str]:
    _sweep(Path(tempfile.gettempdir()))
    return tempfile.TemporaryDirectory(prefix=f"slipway-{os.getpid()}-", ignore_cleanup_errors=True)


def _sweep(parent: Path) -> None:
    for left in parent.glob("slipway-*"):
        named = _NAME.fullmatch(left.name)
        if named and not _runs(int(named[1])):
            shutil.rmtree(left, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
