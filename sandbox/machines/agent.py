"""The part of an instance that takes Systems Manager's commands: the SSM Agent, which Amazon Linux brings and starts.

As the agent does it, a command is a script file that `sh -c` runs, in a process group of its own, which is killed where
the command is cancelled or takes too long. Source: Systems Manager user guide ("Command document plugin reference",
"Handling reboots when running commands"), and the agent's own source (agent/executers, agent/plugins/runscript).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.machines.machine import Machine
from sandbox.service.internal_api import InternalApi, InternalApiError

LOG = logging.getLogger(__name__)
OUTPUT_LIMIT = 2_500_000
"""Bytes of each stream that the agent keeps (its StdoutFileMaxBytes); of those AWS shows the first few thousand."""
REBOOT = 194
"""The exit code by which a script asks for a reboot, after which it is run again."""
_CHUNK = 65536


@dataclass(frozen=True, kw_only=True)
class Order:
    """A command for one instance; `seconds` is how long it may run."""

    id: str
    instance: str
    script: str
    seconds: int
    cancel: bool


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended, in the words of StatusDetails."""

    details: str
    code: int
    stdout: str
    stderr: str


class Agents:
    """Follows the commands, and runs each once on its machine."""

    def __init__(self, api: InternalApi, machine: Callable[[str], Machine | None]) -> None:
        self._api = api
        self._machine = machine
        self._running: dict[tuple[str, str], asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Follow the commands until cancelled."""
        async for snapshot in self._api.follow("commands"):
            listed = orders(snapshot)
            known = {(order.id, order.instance) for order in listed}
            self._running = {key: cancelled for key, cancelled in self._running.items() if key in known}
            for order in listed:
                key = (order.id, order.instance)
                if key in self._running:
                    if order.cancel:
                        self._running[key].set()
                elif not order.cancel and (machine := self._machine(order.instance)):
                    self._begin(order, machine)

    def _begin(self, order: Order, machine: Machine) -> None:
        cancelled = self._running[order.id, order.instance] = asyncio.Event()
        task = asyncio.create_task(self._do(order, machine, cancelled), name=f"command {order.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, order: Order, machine: Machine, cancelled: asyncio.Event) -> None:
        where = f"commands/{order.id}/{order.instance}"
        try:
            await self._api.post(where, {"state": "begun"})
            outcome = await carry_out(order, machine, cancelled)
            if self._machine(order.instance) is not machine:
                return  # the agent went with its instance, and says nothing more
            if outcome.code == REBOOT:
                LOG.warning("%s: the script of command %s asks for a reboot", order.instance, order.id)
                await machine.reboot(machine.boots)
            await self._api.post(where, {"state": "ended", **outcome.__dict__})
        except InternalApiError as problem:
            LOG.warning("%s: %s", where, problem)


def orders(snapshot: Mapping[str, Any]) -> list[Order]:
    """Return the commands of a snapshot."""
    names = ("id", "instance", "script", "seconds", "cancel")
    return [Order(**{name: one[name] for name in names}) for one in snapshot["commands"]]


async def carry_out(order: Order, machine: Machine, cancelled: asyncio.Event) -> Outcome:
    """Run the script on the machine to its end, or to the end that it is given."""
    folder = machine.folder / "ssm" / order.id
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "_script.sh"
    script.write_text(order.script, encoding="utf-8")
    script.chmod(0o700)
    process = await machine.execute("sh", "-c", str(script), cwd=folder)
    out, err = asyncio.create_task(_read(process.stdout)), asyncio.create_task(_read(process.stderr))
    ended, told = asyncio.create_task(process.wait()), asyncio.create_task(cancelled.wait())
    await asyncio.wait([ended, told], timeout=order.seconds, return_when=asyncio.FIRST_COMPLETED)
    details = None if ended.done() else "Cancelled" if told.done() else "ExecutionTimedOut"
    if details:
        _kill(process.pid)
    told.cancel()
    code = await ended
    # As with the agent, what the script left running keeps the streams open, and is awaited.
    stdout, stderr = await out, await err
    code = 137 if details else code if code >= 0 else 128 - code
    return Outcome(details=details or ("Success" if code == 0 else "Failed"), code=code, stdout=stdout, stderr=stderr)


async def _read(stream: asyncio.StreamReader | None) -> str:
    kept = bytearray()
    while stream and (chunk := await stream.read(_CHUNK)):
        kept += chunk[: OUTPUT_LIMIT - len(kept)]
    return kept.decode("utf-8", "replace")


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
