"""Temporary folders that do not pile up: what a killed process left is removed by the next one."""

from __future__ import annotations

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
    """A folder of its own, gone afterwards."""
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"slipway-{os.getpid()}-", ignore_cleanup_errors=True) as path:
        yield Path(path)


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
