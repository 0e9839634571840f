"""Run the machines of all instances: `python -m sandbox.machines --endpoint URL --directory DIR`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.machines.agent import Agents
from sandbox.machines.image import MachineImage
from sandbox.machines.machine import Host
from sandbox.machines.metadata import Metadata
from sandbox.machines.reconciler import Reconciler
from sandbox.ports import LOOPBACK
from sandbox.service.internal_api import InternalApi
from sandbox.service.server import (
    configure_logging,
    listen,
    no_pages,
    ready,
    require_key,
    run_until,
    serve,
    stop_event,
)


def main() -> None:
    """Run a machine for each instance until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.machines", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="URL of the aws process")
    parser.add_argument("--directory", required=True, type=Path, help="the folder for the machines' folders")
    arguments = parser.parse_args()
    configure_logging()
    asyncio.run(run(arguments.endpoint, arguments.directory.resolve()))


async def run(endpoint: str, directory: Path) -> None:
    """Serve the metadata and `kill`, and keep the machines in line with the instances."""
    stop = stop_event()
    directory.mkdir(parents=True, exist_ok=True)
    listener, port = listen()
    host = Host(
        directory=directory,
        endpoint=endpoint,
        metadata=f"http://{LOOPBACK}:{port}",
        image=MachineImage.of_this_machine(),
    )
    async with aiohttp.ClientSession() as session:
        api = InternalApi(session, endpoint)
        reconciler = Reconciler(host, api)
        agents = Agents(api, reconciler.machine)
        runner = await serve(application(reconciler), listener)
        await reconciler.clean()
        ready(port)
        try:
            await run_until(stop, asyncio.create_task(_both(reconciler.run(), agents.run())))
        finally:
            await reconciler.close()
            await runner.cleanup()


async def _both(*work: Coroutine[Any, Any, None]) -> None:
    await asyncio.gather(*work)


def application(reconciler: Reconciler) -> web.Application:
    """Return the metadata service of all machines, with `POST /machines/<id>/kill`."""

    async def kill(request: web.Request) -> web.Response:
        require_key(request)
        known = await reconciler.kill(request.match_info["id"])
        return web.json_response({"killed": known}, status=200 if known else 404)

    app = web.Application(middlewares=[no_pages])
    app.router.add_post("/machines/{id}/kill", kill)
    Metadata(lambda: reconciler.instances).add_to(app)
    return app


if __name__ == "__main__":
    main()
