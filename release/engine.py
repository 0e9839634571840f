"""Drives the Pulumi engine as a process: in a session of its own, so that Ctrl-C is ours, with a deadline, and ended
for certain. Used by what runs beside the program: drills, previews, drift, sweeps."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from release.errors import EngineError
from release.processes import end_group
from release.text import clean, one_line

QUESTION = 120.0
"""Seconds for a command that only reads or writes state."""
CANCEL = 60.0
"""Seconds that the engine has to end what it is at once it is interrupted."""
INSIST = 10.0
"""Seconds that it has at the second interrupt, before it is killed."""
_TAIL = 400
_GLANCE = 0.5
"""Seconds between two looks whether a command is to stop."""


class _Stopped(Exception):
    """Another thread wants the command to end."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A command of the engine that ended: its exit status, and the last lines that it printed."""

    code: int
    lines: tuple[str, ...]

    @property
    def why(self) -> str:
        """What it says is wrong, in one line: its first errors, else its last line."""
        errors = [line.partition("error:")[2].strip() for line in self.lines if "error:" in line]
        told = [line for line in dict.fromkeys(errors) if line]
        said = "; ".join(told[:3]) or next((line for line in reversed(self.lines) if line.strip()), "it said nothing")
        return one_line(said, 500)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Pulumi's command line, for one project, stack and environment. `config` is the stack's file.

    `stop` ends a command from another thread: Ctrl-C reaches only the main one.
    """

    project: Path
    stack: str
    config: Path
    environment: Mapping[str, str]
    stop: threading.Event | None = None

    def follow(self, *arguments: str, deadline: float, show: Callable[[str], None]) -> Ran:
        """Run a command that changes the stack, and show its lines as they come. Raises EngineError at the deadline."""
        return self._run(arguments, subprocess.STDOUT, deadline, show)

    def answer(self, *arguments: str, deadline: float, show: Callable[[str], None] = lambda _: None) -> tuple[Ran, str]:
        """Run a command whose standard output is an answer, such as JSON; return how it ended, and the answer.

        `show` gets the lines of standard error as they come. Raises EngineError at the deadline.
        """
        with tempfile.TemporaryFile() as out:
            ran = self._run(arguments, subprocess.PIPE, deadline, show, out)
            out.seek(0)
            return ran, out.read().decode("utf-8", "replace")

    def _run(
        self,
        arguments: tuple[str, ...],
        errors: int,
        deadline: float,
        show: Callable[[str], None],
        out: IO[bytes] | None = None,
    ) -> Ran:
        process = self._start(arguments, out or subprocess.PIPE, errors)
        lines: deque[str] = deque(maxlen=_TAIL)
        stream = cast("IO[bytes]", process.stderr if out else process.stdout)
        reader = threading.Thread(target=_read, args=(stream, lines, show), daemon=True)
        reader.start()
        try:
            _wait(process, deadline, self.stop)
        except subprocess.TimeoutExpired:
            _interrupt(process)
            raise EngineError(f"pulumi {arguments[0]} was not done after {deadline:.0f} s, and was ended") from None
        except _Stopped:
            _interrupt(process)
            raise EngineError(f"pulumi {arguments[0]} was interrupted") from None
        except BaseException:  # Ctrl-C and SIGTERM
            _interrupt(process)
            raise
        finally:
            reader.join(timeout=INSIST)
        return Ran(code=process.returncode, lines=tuple(lines))

    def ask(self, *arguments: str, deadline: float = QUESTION) -> Ran:
        """Run a command quietly."""
        return self.follow(*arguments, deadline=deadline, show=lambda _: None)

    def must(self, *arguments: str, deadline: float = QUESTION) -> Ran:
        """Run a command quietly. Raises EngineError if it fails."""
        ran = self.ask(*arguments, deadline=deadline)
        _refuse(arguments, ran)
        return ran

    def json(self, *arguments: str, deadline: float = QUESTION, show: Callable[[str], None] = lambda _: None) -> Any:  # noqa: ANN401 - JSON
        """Return what a command prints with --json. Raises EngineError if it fails or prints something else."""
        ran, said = self.answer(*arguments, "--json", deadline=deadline, show=show)
        _refuse(arguments, ran)
        try:
            return json.loads(said)
        except ValueError:
            raise EngineError(f"pulumi {' '.join(arguments[:2])}: its answer is not JSON") from None

    def command(self, *arguments: str) -> str:
        """Return a command as a person would type it, to finish by hand what could not be finished."""
        backend = shlex.quote(self.environment.get("PULUMI_BACKEND_URL", ""))
        words = f"pulumi {' '.join(arguments)} --stack {self.stack} --config-file {self.config}"
        return f"cd {self.project} && PULUMI_BACKEND_URL={backend} {words}"

    def _start(self, arguments: tuple[str, ...], out: IO[bytes] | int, errors: int) -> subprocess.Popen[bytes]:
        program = shutil.which("pulumi", path=self.environment.get("PATH", os.defpath))
        if program is None:
            raise EngineError("pulumi is not on PATH: install it (https://www.pulumi.com/docs/install/)")
        return subprocess.Popen(
            [program, *arguments, "--non-interactive", "--color", "never"],
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )


def _refuse(arguments: tuple[str, ...], ran: Ran) -> None:
    """Raise EngineError if the command failed."""
    if ran.code:
        raise EngineError(f"pulumi {' '.join(arguments[:2])}: {ran.why}")


def _wait(process: subprocess.Popen[bytes], deadline: float, stop: threading.Event | None) -> None:
    """Wait for the end. Raises TimeoutExpired at the deadline, and _Stopped if `stop` is set before."""
    until = time.monotonic() + deadline
    while True:
        left = until - time.monotonic()
        try:
            process.wait(timeout=left if stop is None else min(left, _GLANCE))
            return
        except subprocess.TimeoutExpired:
            if stop is not None and stop.is_set():
                raise _Stopped from None
            if time.monotonic() >= until:
                raise


def _read(stream: IO[bytes], lines: deque[str], show: Callable[[str], None]) -> None:
    with stream:
        for raw in stream:
            line = clean(raw.decode("utf-8", "replace").rstrip("\n"))
            lines.append(line)
            show(line)


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Have the engine end its update and write its state; insist, then kill it and all that it started."""
    for patience in (CANCEL, INSIST):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue
        except (KeyboardInterrupt, SystemExit):  # again: what is under way gets no more time
            continue
        break
    end_group(process)
