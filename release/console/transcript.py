"""What a command said, as the lines of its stream tell. Pure."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast


@dataclass(frozen=True, kw_only=True)
class Said:
    """A piece of output, as it was said."""

    to: Literal["out", "err"]
    text: str


class Transcript:
    """Puts the lines of a stream in order: CloudWatch Logs orders them by their time, which several may share."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, str]] = []
        self._next = 0
        self.ended = False

    def take(self, message: str) -> Iterator[Said]:
        """Take a line; yield what can be shown now. A line that is nobody's here is left out."""
        line = _read(message)
        if line is None or line["n"] < self._next:
            return
        heapq.heappush(self._waiting, (line["n"], message))
        while self._waiting and self._waiting[0][0] <= self._next:
            number, text = heapq.heappop(self._waiting)
            if number == self._next:
                self._next += 1
                yield from self._say(_read(text) or {})

    def rest(self) -> Iterator[Said]:
        """Yield what waits for lines that never came."""
        while self._waiting:
            yield from self._say(_read(heapq.heappop(self._waiting)[1]) or {})

    def _say(self, line: dict[str, Any]) -> Iterator[Said]:
        if line.get("event") == "ended":
            self.ended = True
        elif line.get("event") == "output" and isinstance(text := line.get("text"), str):
            yield Said(to="err" if line.get("to") == "err" else "out", text=text)


def _read(message: str) -> dict[str, Any] | None:
    try:
        line = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    found = cast("dict[str, Any]", line)
    return found if isinstance(found.get("n"), int) else None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a command ended; `status` is its exit status as a shell has it."""

    status: int
    late: bool = False
    """Whether it was ended at its deadline."""
    lines: int = 0
    """Lines in its stream."""
    lost: str = ""
    """Why some of what it said could not be written to the log group."""


def ending(output: str) -> Ending | None:
    """Return how the command ended, as remote.py printed it at last; None if it did not come that far."""
    try:
        found = json.loads(output.strip().rpartition("\n")[2])
        return Ending(
            status=int(found["exit"]), late=bool(found["late"]), lines=int(found["lines"]), lost=str(found["lost"])
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
