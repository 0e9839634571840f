"""Sees to it that no instance is left over, however the program ends that waits for it.

The engine runs the program in a process group of its own: Ctrl-C on a terminal does not reach it, and at the second one
it is killed, with no time to tidy up. So a small process of its own joins the engine's group, where Ctrl-C reaches it,
and says so; and when the program is gone without having said that all is well, it terminates the instance. Its standard
input is the program's end of it: it is closed when that ends, however that is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from release.processes import engine_group

_TOLD, _DONE = b"interrupted\n", b"done\n"


class Warden:
    """The process, as a context; `interrupted` is set by Ctrl-C. Once the block is left, the instance is its own."""

    def __init__(self, instance: str, region: str | None = None) -> None:
        self.interrupted = threading.Event()
        self._instance = instance
        self._environment = {**os.environ, **({"AWS_REGION": region} if region else {})}

    def __enter__(self) -> Warden:
        """Start it. No other process inherits this end of its input, so that it is closed when this one ends."""
        theirs, self._input = os.pipe()
        self._output, its = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "release.phase.warden", self._instance, str(engine_group())],
            stdin=theirs,
            stdout=its,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            env=self._environment,
        )
        os.close(theirs)
        os.close(its)
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # it was killed
            os.write(self._input, _DONE)
        os.close(self._input)
        self._process.wait()

    def _listen(self) -> None:
        with os.fdopen(self._output, "rb") as output:
            for line in output:
                if line == _TOLD:
                    self.interrupted.set()


def main(instance: str, group: int) -> None:
    """Be that process, until its standard input says how it ended."""
    with contextlib.suppress(OSError):  # another session's: then Ctrl-C is not to be heard, and all else is as it was
        os.setpgid(0, group)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _tell)
    if sys.stdin.buffer.read() != _DONE:
        from release.phase.instances import Instances  # noqa: PLC0415 - boto3 takes its time, and is rarely needed

        Instances().end(instance)


def _tell(_signal: int, _frame: object) -> None:
    with contextlib.suppress(OSError):
        os.write(1, _TOLD)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
