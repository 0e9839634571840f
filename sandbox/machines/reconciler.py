"""Keep the machines in line with the instances that the aws process lists."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Coroutine
from typing import Any

from sandbox.machines import processes
from sandbox.machines.instances import Action, Instance, Live, Verb, actions, parse
from sandbox.machines.machine import GRACE, Host, Machine, archive
from sandbox.ports import ReservedPorts
from sandbox.service.internal_api import InternalApi, InternalApiError

LOG = logging.getLogger(__name__)
FAILED = {"state": "failed", "reason": "the machine was killed (a fault on request)"}


class Reconciler:
    """Compares every snapshot with the machines there are, so that a lost message does not matter."""

    def __init__(self, host: Host, api: InternalApi) -> None:
        self.instances: dict[str, Instance] = {}
        self._host = host
        self._api = api
        self._ports = ReservedPorts()
        self._machines: dict[str, Machine] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._gone: set[str] = set()
        self._told: set[asyncio.Task[None]] = set()
        self._closing = False

    async def clean(self) -> None:
        """End the processes of an earlier run, and remove its folders."""
        left = await asyncio.to_thread(processes.end, lambda: processes.below(self._host.directory), grace=2.0)
        if left:
            LOG.error("processes %s of an earlier run cannot be killed", [process.pid for process in left])
        for folder in self._host.directory.iterdir():
            if folder.name.startswith("i-"):
                archive(self._host, folder.name)
            elif folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)

    async def run(self) -> None:
        """Follow the instances until cancelled."""
        async for snapshot in self._api.follow("instances"):
            try:
                self.instances = parse(snapshot)
            except (KeyError, TypeError, ValueError):
                LOG.exception("this list of instances cannot be read; the machines stay as they are")
                continue
            self._gone &= self.instances.keys()
            self._reconcile()

    def machine(self, id_: str) -> Machine | None:
        """Return the machine of an instance that is there and is not being ended."""
        return None if id_ in self._gone else self._machines.get(id_)

    def _reconcile(self, *verbs: Verb) -> None:
        """Begin the actions that are due, or only those with one of these verbs."""
        live = {id_: Live(machine.port, machine.boots) for id_, machine in self._machines.items()}
        for action in actions(self.instances, live=live, busy=self._tasks, gone=self._gone):
            if not verbs or action.verb in verbs:
                LOG.info("%s: %s", action.id, action.verb)
                self._begin(action.id, self._do(action))

    def _begin(self, id_: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start one piece of work for an instance; further actions for it are due only after that."""
        task = asyncio.create_task(work, name=f"machine {id_}")
        self._tasks[id_] = task

        def done(_: asyncio.Task[None]) -> None:
            if self._tasks.get(id_) is task:
                del self._tasks[id_]
            if not task.cancelled() and (failure := task.exception()) is not None:
                LOG.error("%s: %s", id_, failure, exc_info=failure)
            elif not self._closing:
                self._reconcile("end")  # this may have held up an end; anything else comes with the next snapshot

        task.add_done_callback(done)
        return task

    async def _do(self, action: Action) -> None:
        if action.verb == "start":
            await self._start(self.instances[action.id])
        elif action.verb == "reboot":
            await self._reboot(self.instances[action.id])
        elif action.verb == "stop":
            await self._machines[action.id].halt(GRACE)
            await self._post(action.id, {"state": "stopped"})
        elif action.verb == "end":
            await self._end(action.id, GRACE)
            await self._post(action.id, {"state": "terminated"})
        elif action.verb == "bury":
            await self._post(action.id, {"state": "terminated"})
        elif action.verb == "fail":
            await self._post(action.id, FAILED)
        else:
            await self._post(action.id, {"port": self._machines[action.id].port})

    async def _start(self, instance: Instance) -> None:
        machine = Machine(self._host, instance, self._ports.take(), lambda: self._powered_off(instance.id))
        self._machines[instance.id] = machine
        await machine.start()
        await self._post(instance.id, {"port": machine.port})

    def _powered_off(self, id_: str) -> None:
        """Say that a machine shuts itself down; EC2 knows what that means for its instance."""
        telling = asyncio.create_task(self._post(id_, {"state": "shutdown"}), name=f"shutdown of {id_}")
        self._told.add(telling)
        telling.add_done_callback(self._told.discard)

    async def _reboot(self, instance: Instance) -> None:
        """Boot a machine again. Its disk and port stay; all processes are gone before the next boot begins."""
        machine = self._machines[instance.id]
        await machine.reboot(instance.boots)
        await self._post(instance.id, {"port": machine.port})

    async def _end(self, id_: str, grace: float) -> None:
        machine = self._machines[id_]
        self._gone.add(id_)
        await machine.end(grace)
        self._ports.release(machine.port)
        del self._machines[id_]

    async def _post(self, id_: str, body: dict[str, Any]) -> None:
        try:
            await self._api.post(f"instances/{id_}", body)
        except InternalApiError as problem:
            LOG.warning("%s: %s", id_, problem)

    async def kill(self, id_: str) -> bool:
        """Fail the machine's host: its processes are gone at once. Returns False if there is no such machine."""
        with contextlib.suppress(KeyError):
            await asyncio.wait([self._tasks[id_]], timeout=GRACE)
        if id_ not in self._machines or id_ in self._tasks:
            return False

        async def fail() -> None:
            await self._end(id_, 0)
            await self._post(id_, FAILED)

        await asyncio.wait([self._begin(id_, fail())])
        return True

    async def close(self) -> None:
        """End all machines, without posting anything: the instances end along with this process."""
        self._closing = True
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await asyncio.gather(*(machine.end(GRACE) for machine in self._machines.values()), return_exceptions=True)
