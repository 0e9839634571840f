"""Waiting for what another process does, which gives no event to wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

ENOUGH = 60.0
"""Seconds after which it is a failure, and not a busy machine."""


def until(condition: Callable[[], T], seconds: float = ENOUGH, interval: float = 0.02) -> T:
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"still not so after {seconds:.0f} s"
        threading.Event().wait(interval)
