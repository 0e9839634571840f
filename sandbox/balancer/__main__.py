"""Run the load balancers: `python -m sandbox.balancer --endpoint URL`. Its own port describes them as JSON."""

from __future__ import annotations

import argparse
import asyncio

import aiohttp
from aiohttp import web

from sandbox.balancer.balancer import Balancer
from sandbox.balancer.upstream import Upstream
from sandbox.service.internal_api import InternalApi
from sandbox.service.server import configure_logging, listen, no_pages, ready, require_key, run_until, serve, stop_event


def main() -> None:
    """Run all load balancers until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.balancer", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="URL of the aws process")
    arguments = parser.parse_args()
    configure_logging()
    asyncio.run(run(arguments.endpoint))


async def run(endpoint: str) -> None:
    """Run the load balancers of the aws process at `endpoint`."""
    stop = stop_event()
    listener, port = listen()
    async with aiohttp.ClientSession() as session:
        upstream = Upstream()
        balancer = Balancer(InternalApi(session, endpoint), upstream)

        async def describe(request: web.Request) -> web.Response:
            require_key(request)
            return web.json_response(balancer.describe())

        app = web.Application(middlewares=[no_pages])
        app.router.add_get("/", describe)
        runner = await serve(app, listener)
        ready(port)
        try:
            await run_until(stop, asyncio.create_task(balancer.run()))
        finally:
            await upstream.close()
            await runner.cleanup()


if __name__ == "__main__":
    main()
