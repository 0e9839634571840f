"""The record of a running sandbox: `.sandbox/state.json`, replaced as a whole at every change."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
from pathlib import Path
from typing import Any

from sandbox.paths import private, write_private
from sandbox.ports import LOOPBACK
from sandbox.processes import is_alive
from sandbox.service.keys import Keys

FILE = "state.json"
ANSWER = 5.0  # seconds within which a healthy process answers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Child:
    """A process of the sandbox; `started` is in seconds since the epoch."""

    pid: int
    started: float
    port: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class State:
    """One session, from a start to a stop. The emulator's state lives exactly as long."""

    session: str
    supervisor: Child
    ports: dict[str, int]
    keys: Keys
    children: dict[str, Child] = dataclasses.field(default_factory=dict[str, Child])
    ready: bool = False
    broken: str | None = None

    @property
    def endpoint(self) -> str:
        """The URL of the emulated AWS."""
        return f"http://{LOOPBACK}:{self.ports['aws']}"

    @property
    def taken_ports(self) -> dict[str, int]:
        """The ports by name; the DNS server's is another than was meant, if that had been taken meanwhile."""
        dns = self.children.get("dns")
        return self.ports | ({"dns": dns.port} if dns and dns.port else {})


def write(directory: Path, name: str, record: object) -> None:
    """Write a JSON file into the sandbox's folder, completely or not at all."""
    private(directory)
    fresh = directory / f"{name}.{os.getpid()}"
    write_private(fresh, json.dumps(record, indent=2) + "\n")
    fresh.replace(directory / name)


def read(directory: Path, name: str) -> dict[str, Any] | None:
    """Return the JSON object in a file of the sandbox's folder; None if there is no such file, or no object in it."""
    try:
        record = json.loads((directory / name).read_text())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def save(directory: Path, state: State) -> None:
    """Record the session."""
    write(directory, FILE, dataclasses.asdict(state))


def load(directory: Path) -> State | None:
    """Return the recorded session; None if there is none that can be read."""
    record = read(directory, FILE)
    try:
        return _parse(record) if record else None
    except (KeyError, TypeError):
        return None


def _parse(record: dict[str, Any]) -> State:
    return State(
        session=record["session"],
        supervisor=Child(**record["supervisor"]),
        ports=record["ports"],
        keys=Keys(**record["keys"]),
        children={name: Child(**child) for name, child in record["children"].items()},
        ready=record["ready"],
        broken=record["broken"],
    )


def trouble(state: State) -> str | None:
    """Return what is wrong with a recorded session; None if every process runs and AWS answers."""
    if state.broken:
        return state.broken
    if not is_alive(state.supervisor.pid, state.supervisor.started):
        return "its supervisor was killed"
    if not state.ready:
        return "it is still starting"
    for name, child in state.children.items():
        if not is_alive(child.pid, child.started):
            return f"{name} was killed"
    if "aws" in state.children and not _answers(state.ports["aws"]):
        return f"aws does not answer on port {state.ports['aws']}"
    return None


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER)
    try:
        connection.request("GET", "/_sandbox/instances?wait=0")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
