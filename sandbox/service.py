"""What the sandbox's processes have in common: a ready line, logs on stderr, and an end on SIGTERM."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sys

from aiohttp import web

LOOPBACK = "127.0.0.1"


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
