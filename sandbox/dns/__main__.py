"""Serve the zones of Route 53: `python -m sandbox.dns --endpoint URL --port N`, by UDP and TCP on 127.0.0.1."""

from __future__ import annotations

import argparse
import asyncio
import logging

import aiohttp

from sandbox.dns.answers import Answer, answer
from sandbox.dns.checker import Checker
from sandbox.dns.config import Config, parse
from sandbox.dns.server import Server
from sandbox.service.internal_api import InternalApi
from sandbox.service.server import configure_logging, ready, run_until, stop_event

LOG = logging.getLogger(__name__)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.dns", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="URL of the aws process")
    parser.add_argument("--port", type=int, default=0, help="where queries are answered; 0 takes any free port")
    arguments = parser.parse_args()
    configure_logging()
    asyncio.run(run(arguments.endpoint, arguments.port))


class Zones:
    """The zones as they were seen last: they are answered for whether the aws process answers or not."""

    def __init__(self, api: InternalApi) -> None:
        self._api = api
        self._config = Config()
        self.checker = Checker(api)

    def ask(self, name: str, type_: str) -> Answer:
        """Return the answer to a name and a type."""
        return answer(self._config, self.checker.healthy, name, type_)

    async def follow(self) -> None:
        """Take over every change. Never ends."""
        async for snapshot in self._api.follow("dns"):
            try:
                self._config = parse(snapshot)
            except (KeyError, TypeError, ValueError):
                LOG.exception("these zones cannot be read; they stay as they are")
                continue
            self.checker.apply(self._config)


async def run(endpoint: str, port: int) -> None:
    """Serve the zones of the aws process at `endpoint`."""
    stop = stop_event()
    async with aiohttp.ClientSession() as session:
        zones = Zones(InternalApi(session, endpoint))
        server = Server(zones.ask)
        try:
            ready(await server.open(port))
            await run_until(stop, asyncio.create_task(zones.follow()))
        finally:
            zones.checker.close()
            server.close()


if __name__ == "__main__":
    main()
