"""Waiting for what another process does, which gives no event to wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

ENOUGH = 60.0
"""Seconds after which it is a failure, and not a busy machine."""


@dataclass(frozen=True, kw_only=True)
class Slower:
    """How much more patience it takes with a real account: `factor` for the seconds, `interval` between two looks."""

    factor: float = 1.0
    interval: float = 0.0


slower = Slower()


def until(condition: Callable[[], T | None], seconds: float = ENOUGH, interval: float = 0.02) -> T:
    """Return the first true value of `condition`; fail after `seconds` without one."""
    seconds, interval = seconds * slower.factor, max(interval, slower.interval)
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"still not so after {seconds:.0f} s"
        threading.Event().wait(interval)
