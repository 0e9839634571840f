"""Open the local addresses of the load balancers' listeners, and keep them in line with the configuration."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property

from aiohttp import web

from sandbox.balancer.certificate import server_context
from sandbox.balancer.config import ListenerConfig, LoadBalancerConfig
from sandbox.balancer.proxy import Route

LOG = logging.getLogger(__name__)

Handler = Callable[[web.BaseRequest, Route], Awaitable[web.StreamResponse]]
LINE = 16384  # bytes; the longest request line or header that an ALB accepts


class Endpoint:
    """One port of an address, and the route of the listener that it serves now."""

    def __init__(self, handle: Handler, route: Route) -> None:
        self.route = route
        self.port = 0
        self._handle = handle
        self._server: web.Server | None = None
        self._sockets: asyncio.Server | None = None

    async def open(self, port: int, context: ssl.SSLContext | None) -> None:
        """Listen on `port` (0: any). Raises OSError."""
        self._server = web.Server(
            self._answer,
            keepalive_timeout=self.route.balancer.idle_timeout,
            access_log=None,
            max_line_size=LINE,
            max_field_size=LINE,
            auto_decompress=False,
        )
        loop = asyncio.get_running_loop()
        self._sockets = await loop.create_server(
            self._server, self.route.balancer.address, port, ssl=context, reuse_address=True, backlog=1024
        )
        self.port = int(self._sockets.sockets[0].getsockname()[1])

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._handle(request, self.route)

    async def close(self) -> None:
        """Accept no new connections, and end the existing ones within a second."""
        if self._sockets is not None:
            self._sockets.close()
        if self._server is not None:
            await self._server.shutdown(1.0)


class Listeners:
    """The endpoints of all load balancers."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._endpoints: dict[tuple[str, str], Endpoint] = {}  # by load balancer and listener (ARNs)

    @property
    def ports(self) -> dict[str, int]:
        """The local port of each listener, by its ARN."""
        return {listener: endpoint.port for (_, listener), endpoint in self._endpoints.items()}

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return server_context()

    async def apply(self, balancers: Mapping[str, LoadBalancerConfig]) -> bool:
        """Open and close endpoints. Returns False if one could not be opened and has to be tried again."""
        wanted = {
            (balancer.arn, listener.arn): (balancer, listener)
            for balancer in balancers.values()
            for listener in balancer.listeners
        }
        for key, endpoint in list(self._endpoints.items()):
            if key not in wanted or self._must_move(endpoint, *wanted[key]):
                del self._endpoints[key]
                await endpoint.close()
        complete = True
        for key, (balancer, listener) in wanted.items():
            if key in self._endpoints:
                self._endpoints[key].route = Route(balancer, listener)
            else:
                complete &= await self._open(key, balancer, listener)
        for (arn, _), endpoint in self._endpoints.items():
            endpoint.route.local_ports = {
                other.route.listener.port: other.port for (owner, _), other in self._endpoints.items() if owner == arn
            }
        return complete

    @staticmethod
    def _must_move(endpoint: Endpoint, balancer: LoadBalancerConfig, listener: ListenerConfig) -> bool:
        before = endpoint.route
        return (before.balancer.address, before.listener.local_port, before.listener.secure) != (
            balancer.address,
            listener.local_port,
            listener.secure,
        )

    async def _open(self, key: tuple[str, str], balancer: LoadBalancerConfig, listener: ListenerConfig) -> bool:
        endpoint = Endpoint(self._handle, Route(balancer, listener))
        where = f"{balancer.address}:{listener.local_port}"
        try:
            await endpoint.open(listener.local_port, self._context if listener.secure else None)
        except OSError as problem:
            LOG.error("%s: listener %d cannot listen on %s: %s", balancer.name, listener.port, where, problem)
            return False
        self._endpoints[key] = endpoint
        LOG.info(
            "%s: listener %s %d is at %s:%d",
            balancer.name,
            "HTTPS" if listener.secure else "HTTP",
            listener.port,
            balancer.address,
            endpoint.port,
        )
        return True

    async def close(self) -> None:
        """Close all endpoints."""
        await asyncio.gather(*(endpoint.close() for endpoint in self._endpoints.values()))
        self._endpoints.clear()
