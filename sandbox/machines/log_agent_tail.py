"""What the CloudWatch agent reads of a file it follows, and how lines become events.

A file that was renamed is read to its end before the one that took its place; one that was truncated is read anew. A
line that begins with white space belongs to the event before it ("multi_line_start_pattern" in the user guide).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LARGEST = 256 * 1024 - 26
"""Bytes of an event: what is longer is cut."""
CUT = b"[Truncated...]"
PATIENCE = 1.0
"""Seconds without another line, after which an event is taken to be whole."""
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Event:
    """A line, or several, with the time of reading in milliseconds since the epoch."""

    at: int
    message: str


class Tail:
    """Reads one file, from an offset in bytes."""

    def __init__(self, path: Path, offset: int) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._offset = offset
        self._rest = b""
        self._pending: list[bytes] = []
        self._since = 0.0

    @property
    def offset(self) -> int:
        """How much of the present file has become events."""
        return max(0, self._offset - len(self._rest) - sum(len(line) + 1 for line in self._pending))

    def read(self, now: float, *, last: bool = False) -> Iterator[Event]:
        """Yield what is new, a block at most; with `last`, also what may not be whole yet. `now` is in seconds."""
        block = self._block()
        lines = (self._rest + block).split(b"\n")
        self._rest = lines.pop()
        if last and not block and self._rest:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            if not line[:1].isspace() and self._pending:
                yield self._event(now)
            if line:
                self._since = now
                self._pending.append(line)
        if self._pending and not block and (last or now - self._since > PATIENCE):
            yield self._event(now)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _event(self, now: float) -> Event:
        raw = b"\n".join(self._pending)
        self._pending = []
        if len(raw) > LARGEST:
            raw = raw[: LARGEST - len(CUT)] + CUT
        return Event(int(now * 1000), raw.decode("utf-8", "replace"))

    def _block(self) -> bytes:
        if self._file is None and not self._open(self._offset):
            return b""
        assert self._file is not None  # noqa: S101  # it was opened
        block = self._file.read(_BLOCK)
        if not block and self._replaced(self._file):
            self.close()
            if not self._open(0):
                return b""
            block = self._file.read(_BLOCK)
        self._offset += len(block)
        return block

    def _open(self, offset: int) -> bool:
        try:
            self._file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        size = os.fstat(self._file.fileno()).st_size
        self._offset = offset if offset <= size else 0
        self._file.seek(self._offset)
        return True

    def _replaced(self, file: BinaryIO) -> bool:
        """Return whether another file has taken the place of the one that is open, or it has been cut."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        own = os.fstat(file.fileno())
        return (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino) or own.st_size < self._offset
