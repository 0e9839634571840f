"""What the sandbox's processes have in common: a ready line, logs on stderr, and an end on SIGTERM."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sys

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.ports import LOOPBACK
from sandbox.service import door, keys


def configure_logging() -> None:
    """Logs go to stderr; stdout has the ready line only."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def stop_event() -> asyncio.Event:
    """Set by SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def listen() -> tuple[socket.socket, int]:
    """A socket that listens on a free port of loopback, and the port; `serve` takes it."""
    listener = socket.create_server((LOOPBACK, 0))
    return listener, int(listener.getsockname()[1])


async def serve(app: web.Application, listener: socket.socket) -> web.AppRunner:
    """Serve `app`; the runner is to be cleaned up."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


@web.middleware
async def no_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses what web pages send."""
    port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
    hosts = request.headers.getall("Host", [])
    host = hosts[0] if len(hosts) == 1 else None
    said = door.refusal(host=host, origin=request.headers.get("Origin"), port=port)
    if said:
        raise web.HTTPForbidden(text=f"{said}\n")
    return await handler(request)


def require_key(request: web.Request) -> None:
    """Raises web.HTTPUnauthorized where a request does not bear the secret of the sandbox's session."""
    if not keys.is_bearer(request.headers.get("Authorization")):
        raise web.HTTPUnauthorized(text="this needs the key of the sandbox's session\n")


def ready(port: int) -> None:
    """Say on stdout that this process serves."""
    print(json.dumps({"ready": True, "port": port}), flush=True)


async def run_until(stop: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Until `stop` is set. A task that ends by itself is a defect: its exception is raised."""
    waiter = asyncio.create_task(stop.wait())
    await asyncio.wait([waiter, task], return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if task.done():
        task.result()
    task.cancel()
    await asyncio.wait([task])
