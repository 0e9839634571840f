"""Send requests to targets as strictly as an ALB: each once, on a connection that may turn out to be closed.

A connection to a target is kept for the balancer's idle timeout. If the target closes it just as a request goes out on
it, that request is lost and the client gets a 502 (ELB user guide, "Troubleshoot your Application Load Balancers",
HTTP 502: "the target closed the connection with a TCP RST or a TCP FIN while the load balancer had an outstanding
request"). That is why an app must keep connections for longer than its load balancer does.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import aiohttp
from yarl import URL

from sandbox.balancer.headers import Headers

CONNECT_TIMEOUT = 10.0  # the ALB's own
NEVER_ADD = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Upstream:
    """The connections to all targets."""

    def __init__(self) -> None:
        self._kept: dict[float, aiohttp.ClientSession] = {}  # by idle timeout: each load balancer has its own
        self.fresh = _session(aiohttp.TCPConnector(limit=0, force_close=True))

    async def close(self) -> None:
        """Close all connections."""
        for session in (*self._kept.values(), self.fresh):
            await session.close()

    async def send(
        self,
        stack: AsyncExitStack,
        method: str,
        url: URL,
        *,
        headers: Headers,
        body: aiohttp.StreamReader | None,
        idle_timeout: float,
    ) -> aiohttp.ClientResponse:
        """Return the response once its head has arrived; `stack` closes it. Raises the errors of aiohttp's client."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=idle_timeout)
        options: dict[str, Any] = {"headers": headers, "timeout": timeout, "allow_redirects": False}
        session = self._keeping(idle_timeout)
        return await stack.enter_async_context(session.request(method, url, data=body, **options))

    def _keeping(self, idle_timeout: float) -> aiohttp.ClientSession:
        if idle_timeout not in self._kept:
            self._kept[idle_timeout] = _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=idle_timeout))
        return self._kept[idle_timeout]


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=NEVER_ADD,
        max_line_size=65536,
        max_field_size=65536,
    )
    # aiohttp would repeat an idempotent request even if the target has seen it; there is no public switch.
    session._retry_connection = False  # pyright: ignore[reportPrivateUsage]
    return session
