"""The process that starts the sandbox's other processes, watches them, and ends them.

It reads the programs to start (JSON, below) from stdin and reports its progress on stdout, one JSON object a line:
`{"starting": name}`, and finally `{"ready": true}` or `{"failed": reason}`. It restarts nothing: the emulator's state
dies with it, so a child that dies marks the session as broken.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from typing import IO, Any

import psutil

from sandbox.control import session
from sandbox.control.session import Child, State
from sandbox.processes import created, die_with_parent, end_one, sweep
from sandbox.service.keys import Keys, fresh

READY = 60.0  # seconds within which a child must report that it is ready
GRACE = 3.0  # seconds between SIGTERM and SIGKILL, for each child
LOOK = 2.0  # seconds between two checks that the sandbox's folder still exists


class _FailedError(Exception):
    """A child did not become ready."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Programs:
    """Commands by name, in the order in which to start them; `ports` is recorded for other processes to read."""

    directory: Path
    session: str
    commands: dict[str, list[str]]
    ports: dict[str, int]
    keys: Keys = dataclasses.field(default_factory=fresh)

    @classmethod
    def parse(cls, text: str) -> Programs:
        """Read the JSON that `dump` returns."""
        record: dict[str, Any] = json.loads(text)
        return cls(
            directory=Path(record["directory"]),
            session=record["session"],
            commands=record["commands"],
            ports=record["ports"],
            keys=Keys(**record["keys"]),
        )

    def dump(self) -> str:
        """Return this as JSON."""
        return json.dumps({**dataclasses.asdict(self), "directory": str(self.directory)})


class Supervisor:
    """Runs the programs of one session, from the start of the first to the end of the last."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        me = os.getpid()
        self._state = State(
            session=programs.session,
            supervisor=Child(pid=me, started=created(me)),
            ports=programs.ports,
            keys=programs.keys,
        )

    async def run(self) -> int:
        """Start all, wait for a signal to stop, end all. Returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self._logs.mkdir(parents=True, exist_ok=True)  # here alone: nothing puts a removed folder back
        self._record()
        code = 0
        try:
            await self._start_all()
            await self._stop.wait()
        except _FailedError as error:
            code = 1
            _tell(failed=str(error))
        finally:
            await self._end_all()
        return code

    async def _start_all(self) -> None:
        for name, command in self._programs.commands.items():
            _tell(starting=name)
            await self._start(name, command)
        self._record(ready=True)
        self._spawn(self._leave_with_folder())
        _tell(ready=True)
        _leave_terminal()

    async def _start(self, name: str, command: list[str]) -> None:
        output, stdout = await _pipe()
        with (self._logs / f"{name}.log").open("ab") as log, stdout:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=DEVNULL, stdout=stdout, stderr=log, preexec_fn=die_with_parent(signal.SIGTERM)
            )
        try:
            child = Child(pid=process.pid, started=created(process.pid))
        except psutil.NoSuchProcess:  # it has ended, and asyncio has waited for it
            raise self._ended(name) from None
        self._record(child=(name, child))
        port = await self._ready(name, output)
        self._record(child=(name, dataclasses.replace(self._state.children[name], port=port)))
        self._spawn(self._drain(name, output))
        self._spawn(self._watch(name, process))

    async def _ready(self, name: str, output: asyncio.StreamReader) -> int | None:
        line = asyncio.ensure_future(output.readline())
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({line, stop}, timeout=READY, return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                raise _FailedError("it was stopped while it was starting")
            if not line.done():
                raise _FailedError(f"{name} was not ready within {READY:.0f} s; see {self._log(name)}")
            return self._parse_ready(name, line.result())
        finally:
            line.cancel()
            stop.cancel()

    def _parse_ready(self, name: str, line: bytes) -> int | None:
        if not line:
            raise self._ended(name)
        try:
            event = json.loads(line)
            if event["ready"] is True:
                return event.get("port")
        except (ValueError, KeyError, TypeError):
            pass
        raise _FailedError(f"{name} printed {line!r} instead of reporting that it is ready; see {self._log(name)}")

    def _ended(self, name: str) -> _FailedError:
        return _FailedError(f"{name} ended before it was ready; see {self._log(name)}")

    async def _drain(self, name: str, output: asyncio.StreamReader) -> None:
        """Append the rest of a child's stdout to its log, so that a child that keeps writing is not blocked."""
        with contextlib.suppress(FileNotFoundError), (self._logs / f"{name}.log").open("ab", buffering=0) as log:
            while chunk := await output.read(65536):
                log.write(chunk)

    async def _watch(self, name: str, process: Process) -> None:
        code = await process.wait()
        if self._stop.is_set() or not self._programs.directory.exists():
            return
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        reason = f"{name} {how}; see {self._log(name)}"
        print(reason, file=sys.stderr, flush=True)
        self._record(broken=self._state.broken or reason)

    async def _leave_with_folder(self) -> None:
        """Stop when the sandbox's folder is gone: if the checkout was deleted, no `make down` can end this any more."""
        while (self._programs.directory / session.FILE).exists():
            await asyncio.sleep(LOOK)
        self._stop.set()

    async def _end_all(self) -> None:
        """End the children in reverse order, so that none loses one that it depends on."""
        self._stop.set()
        steps = (signal.SIGTERM, GRACE), (signal.SIGKILL, 1.0)
        for child in reversed(self._state.children.values()):
            await asyncio.to_thread(end_one, child.pid, child.started, *steps)
        left = await asyncio.to_thread(sweep, self._programs.directory)
        for process in left:
            print(f"process {process.pid} could not be ended", file=sys.stderr, flush=True)
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Any) -> None:  # noqa: ANN401  # a coroutine, whatever it returns
        task = asyncio.ensure_future(work)
        self._tasks.add(task)

    def _record(
        self, *, child: tuple[str, Child] | None = None, ready: bool = False, broken: str | None = None
    ) -> None:
        children = {**self._state.children, **({child[0]: child[1]} if child else {})}
        self._state = dataclasses.replace(
            self._state,
            children=children,
            ready=ready or self._state.ready,
            broken=broken or self._state.broken,
        )
        session.save(self._programs.directory, self._state)

    @property
    def _logs(self) -> Path:
        return self._programs.directory / "log"

    def _log(self, name: str) -> str:
        return str(self._logs / f"{name}.log")


async def _pipe() -> tuple[asyncio.StreamReader, IO[bytes]]:
    """Return the two ends of a pipe.

    With a pipe of asyncio's, a child counts as running until every process that inherited the pipe has ended.
    """
    reading, writing = os.pipe()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb")
    )
    return reader, os.fdopen(writing, "wb")


def _tell(**event: object) -> None:
    print(json.dumps(event), flush=True)


def _leave_terminal() -> None:
    """Close stdout: the process that started this one has read everything, and waits for its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


if __name__ == "__main__":
    sys.exit(asyncio.run(Supervisor(Programs.parse(sys.stdin.read())).run()))
