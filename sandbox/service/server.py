"""The life of a process of the sandbox: logs on stderr, a ready line on stdout, HTTP on loopback, an end on SIGTERM."""

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
    """Send logs to stderr; stdout has the ready line only."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def listen() -> tuple[socket.socket, int]:
    """Return a socket, for `serve`, that listens on a free port of loopback, and that port."""
    listener = socket.create_server((LOOPBACK, 0))
    return listener, int(listener.getsockname()[1])


async def serve(app: web.Application, listener: socket.socket) -> web.AppRunner:
    """Serve `app`, and return the runner, whose `cleanup` ends it."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


@web.middleware
async def no_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests that a web page sent."""
    port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
    hosts = request.headers.getall("Host", [])
    host = hosts[0] if len(hosts) == 1 else None
    reason = door.refusal(host=host, origin=request.headers.get("Origin"), port=port)
    if reason:
        raise web.HTTPForbidden(text=f"{reason}\n")
    return await handler(request)


def require_key(request: web.Request) -> None:
    """Raise web.HTTPUnauthorized unless the request bears the secret of the sandbox's session."""
    if not keys.is_bearer(request.headers.get("Authorization")):
        raise web.HTTPUnauthorized(text="this needs the key of the sandbox's session\n")


def ready(port: int) -> None:
    """Report on stdout that this process serves."""
    print(json.dumps({"ready": True, "port": port}), flush=True)


async def run_until(stop: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Run the task until `stop` is set. A task that ends before is a defect: its exception is raised."""
    waiter = asyncio.create_task(stop.wait())
    await asyncio.wait([waiter, task], return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if task.done():
        task.result()
    task.cancel()
    await asyncio.wait([task])
