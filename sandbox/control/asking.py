"""Ask the running sandbox's processes something, as its commands do."""

from __future__ import annotations

import argparse
import http.client
import json
from pathlib import Path
from typing import Any, Protocol

from sandbox.control import session
from sandbox.control.session import State
from sandbox.errors import SandboxError
from sandbox.ports import LOOPBACK
from sandbox.service import keys

PATIENCE = 30.0  # seconds; killing a machine takes a few


class Declare(Protocol):
    """The signature of `add_parser`, which declares a command."""

    def __call__(self, name: str, *, help: str) -> argparse.ArgumentParser: ...


def running(directory: Path) -> State:
    """Return the sandbox that runs. Raises SandboxError if none does; a process of it may be slow to answer."""
    state = session.load(directory)
    trouble = session.trouble(state) if state else "no sandbox runs here"
    if state is None or (trouble and "does not answer" not in trouble):
        raise SandboxError(f"{trouble}; `make up` starts one")
    return state


def post(state: State, process: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return what a process answers. Raises SandboxError if it refuses."""
    status, answer = ask(state, process, "POST", path, body)
    if status != 200:
        raise SandboxError(f"the {process} process refused this: {answer.get('error', status)}")
    return answer


def ask(
    state: State, process: str, method: str, path: str, body: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of a process's answer. Raises SandboxError if there is none."""
    port = state.children[process].port or state.ports[process]
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
    headers = {"Content-Type": "application/json", **keys.bearer(state.keys)}
    try:
        connection.request(method, path, json.dumps(body or {}), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise SandboxError(f"the {process} process does not answer on port {port}: {problem}") from None
    finally:
        connection.close()
