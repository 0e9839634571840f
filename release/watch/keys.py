"""Reads single keys from a terminal, without waiting for the end of a line."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def pressed() -> Generator[Callable[[float], str]]:
    """Yield a function that waits for a key, for some seconds at most, and returns it, or "" if none came.

    Ctrl-C remains what it is. The terminal is as before when the block ends, however it ends. Where standard input is
    no terminal, there are no keys, and it only waits.
    """
    if not sys.stdin.isatty():
        yield _wait
        return
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    try:
        tty.setcbreak(number)
        yield lambda seconds: _key(number, seconds)
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _wait(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _key(number: int, seconds: float) -> str:
    ready, _, _ = select.select([number], [], [], seconds)
    if not ready:
        return ""
    # At the end of its input (the terminal is gone) there is nothing to read, for ever.
    return os.read(number, 1).decode(errors="replace") or "q"
