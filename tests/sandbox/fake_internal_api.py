"""A server that plays the aws process's internal API, with state that a test sets."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web

from tests.aws.emulator import BEARER, KEYS
from tests.waiting import ENOUGH

ROOT = Path(__file__).resolve().parent.parent.parent


Started = tuple[int, psutil.Popen]
"""A process and the port on which it listens."""


class FakeInternalApi:
    """Runs in a thread. `apply` posts to it what the real one would do with a message."""

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Any]] = {
            "instances": {"instances": []},
            "load-balancers": {"load_balancers": [], "target_groups": []},
        }
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.failing = False
        self.apply: Callable[[str, dict[str, Any]], None] = lambda path, body: None
        self.url = ""
        self._version = 1
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Condition()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._ready = threading.Event()
        self._stop = asyncio.Event()

    def __enter__(self) -> FakeInternalApi:
        self._thread.start()
        assert self._ready.wait(ENOUGH)
        return self

    def __exit__(self, *_: object) -> None:
        self.failing = True
        self.update(lambda _: None)
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(ENOUGH)
        self._loop.close()

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_get("/_sandbox/{resource}", self._get)
        app.router.add_post("/_sandbox/{path:.*}", self._post)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _get(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == BEARER["Authorization"]
        if self.failing:
            raise web.HTTPServiceUnavailable
        after, wait = int(request.query.get("after", -1)), float(request.query.get("wait", 0))
        async with self._wake:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait_for(lambda: self._version != after), wait)
        if self.failing:
            raise web.HTTPServiceUnavailable
        with self._changed:
            text = json.dumps({"version": self._version, **self.resources[request.match_info["resource"]]})
        return web.Response(text=text, content_type="application/json")

    async def _post(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == BEARER["Authorization"]
        if self.failing:
            raise web.HTTPServiceUnavailable
        body = await request.json()
        with self._changed:
            self.posts.append((request.match_info["path"], body))
            self.apply(request.match_info["path"], body)
            self._changed.notify_all()
        return web.json_response({})

    def update(self, change: Callable[[dict[str, dict[str, Any]]], None]) -> None:
        """Change the resources; long polls answer."""
        with self._changed:
            change(self.resources)
            self._version += 1

        async def notify() -> None:
            async with self._wake:
                self._wake.notify_all()

        asyncio.run_coroutine_threadsafe(notify(), self._loop).result(10)

    def wait_for(self, condition: Callable[[], Any], timeout: float = ENOUGH) -> Any:
        """The first true value of `condition`, asked after each post."""
        with self._changed:
            found = self._changed.wait_for(condition, timeout)
            assert found, f"not within {timeout} s; posts: {self.posts[-8:]}"
            return found


def instance(id_: str, user_data: bytes | str, **more: Any) -> dict[str, Any]:
    """An entry of `GET /_sandbox/instances`."""
    data = user_data.encode() if isinstance(user_data, str) else user_data
    entry = {
        "id": id_,
        "region": "eu-central-1",
        "state": "pending",
        "zone": "eu-central-1b",
        "private_ip": "10.20.0.7",
        "image_id": "ami-0123456789abcdef0",
        "instance_type": "t3.small",
        "user_data": base64.b64encode(data).decode(),
        "role": "web",
        "metadata_options": {"HttpTokens": "required"},
        "tags": {},
        "port": None,
    }
    return {**entry, **more}


@contextmanager
def process(*arguments: str, log: Path, env: dict[str, str] | None = None) -> Generator[Started]:
    """One of the sandbox's processes, once it said that it is ready: its port, and the process."""
    with log.open("ab") as errors:
        child = psutil.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env={**os.environ, **KEYS, **(env or {})},
        )
    try:
        line = child.stdout.readline()
        assert line, log.read_text()
        yield json.loads(line)["port"], child
    finally:
        if child.is_running():
            child.send_signal(signal.SIGTERM)
        assert child.wait(ENOUGH) in (0, -signal.SIGKILL), log.read_text()
        child.stdout.close()
