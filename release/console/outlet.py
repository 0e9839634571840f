"""Sends what a command says to a stream of the log group. It runs on instances.

Python 3.9 and the standard library, nothing else (remote.py).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from release.console.masking import PIECE

BATCH_BYTES = 900_000
"""A request may have 1 MiB (PutLogEvents)."""
WAITING = 200
"""Lines that may wait to be sent; a command that says more waits for them."""

Put = Callable[[list[dict[str, Any]]], str]
"""Sends events; returns why that failed, or ""."""


class Outlet:
    """Numbers the lines, because several may have one time, and holds the command up where it says too much."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self._waiting: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self.count = 0
        self.problem = ""

    def say(self, to: str, text: str) -> None:
        """Add what was said to `out` or `err`; waits where too much is on its way."""
        for start in range(0, len(text), PIECE):
            with self._changed:
                self._changed.wait_for(lambda: len(self._waiting) < WAITING)
                self._add({"event": "output", "to": to, "text": text[start : start + PIECE]})

    def end(self, status: int) -> None:
        """Add the last line."""
        with self._changed:
            self._add({"event": "ended", "exit": status})

    def _add(self, line: dict[str, Any]) -> None:
        message = json.dumps({**line, "n": self.count})
        self._waiting.append({"timestamp": int(time.time() * 1000), "message": message})
        self.count += 1

    def send(self) -> bool:
        """Send a batch, if something waits; return whether there was one. Only one thread may do this."""
        with self._changed:
            batch = self._batch()
        if not batch:
            return False
        for wait in (1, 2, 0):
            problem = self._put(batch)
            if not problem:
                break
            time.sleep(wait)
        else:
            self.problem = problem  # what can't be sent must not hold the command up for ever
        with self._changed:
            del self._waiting[: len(batch)]
            self._changed.notify_all()
        return True

    def _batch(self) -> list[dict[str, Any]]:
        size, number = 0, 0
        for number, line in enumerate(self._waiting, start=1):
            size += len(line["message"]) + 26
            if size > BATCH_BYTES:
                return self._waiting[: max(1, number - 1)]
        return self._waiting[:number]
