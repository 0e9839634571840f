"""Show the progress of a long step: redrawn on a terminal, a line now and then in a log."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TextIO

from release import processes

LOG_INTERVAL = 20.0  # seconds between lines if the output is not a terminal
TICK = 1.0  # seconds


class Progress:
    """The progress of one long step, and its duration so far."""

    def __init__(self, title: str, *, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream = stream or sys.stderr
        self._tty = self._stream.isatty()
        self._start = time.monotonic()
        self._shown = self._start if self._tty else self._start - LOG_INTERVAL

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._start

    def update(self, status: str) -> None:
        """Show how far the step is, if enough time has passed since the last line."""
        now = time.monotonic()
        if not self._tty and now - self._shown < LOG_INTERVAL:
            return
        self._shown = now
        text = f"{self._title}: {status} ({_duration(self.elapsed)})"
        self._write(f"\r\x1b[K{text}" if self._tty else f"{text}\n")

    def end(self, status: str) -> None:
        """Show how the step ended."""
        text = f"{self._title}: {status} ({_duration(self.elapsed)})\n"
        self._write(f"\r\x1b[K{text}" if self._tty else text)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def follow(
    command: Sequence[str],
    *,
    progress: Progress,
    status: Callable[[str], str],
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    deadline: float,
) -> int:
    """Run a command to its end, append its output (both streams) to `log`, and show how far it is.

    `status` gets each line and returns the text to show. Returns the exit code. The command, with everything it
    started, is ended if this process ends in whatever way, and after `deadline` seconds, which raises TimeoutError.
    """
    with (
        log.open("ab") as sink,
        subprocess.Popen(
            processes.guarded(command),
            stdin=subprocess.PIPE,  # the guard ends the command when this closes
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101  # a pipe was asked for
        try:
            shown = "starting"
            for batch in lines(process.stdout, time.monotonic() + deadline):
                for line in batch:
                    sink.write(line + b"\n")
                    shown = status(line.decode(errors="replace"))
                progress.update(shown)
            return process.wait(timeout=30)
        finally:
            processes.end_guarded(process)


def lines(source: IO[bytes], end: float) -> Iterator[list[bytes]]:
    """Yield the lines that have arrived on a pipe, every second if only an empty list, until it is closed.

    Raises TimeoutError at `end` (of the monotonic clock).
    """
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(source, selectors.EVENT_READ)
        while time.monotonic() < end:
            batch: list[bytes] = []
            if selector.select(timeout=TICK):
                chunk = os.read(source.fileno(), 65536)
                if not chunk:
                    yield [rest] if rest else []
                    return
                *batch, rest = (rest + chunk).split(b"\n")
            yield batch
    raise TimeoutError


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, indented, for an error message."""
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join(f"    {line}" for line in text)
