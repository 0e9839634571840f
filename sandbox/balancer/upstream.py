"""Requests to targets: each reaches a target at most once, and a connection that went stale fails none.

A target may close an idle connection at the very moment a request is sent on it; the request is then lost without
having been seen. So a kept connection is used only for what may be sent a second time for nothing: an idempotent
request without a body. Where such a connection turns out to be closed before a byte came back, the request is sent
once more, on a connection of its own. Everything else gets a new connection to begin with, and is never repeated.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
from yarl import URL

from sandbox.balancer.headers import Headers

IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))  # RFC 9110, section 9.2.2
CONNECT_TIMEOUT = 10.0  # the ALB's own
NEVER_ADD = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
CLOSED = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)


@dataclass(frozen=True)
class _Use:
    """Whether a request went out on a kept connection."""

    reused: list[bool]


async def _note_reuse(
    _: aiohttp.ClientSession, context: SimpleNamespace, __: aiohttp.TraceConnectionReuseconnParams
) -> None:
    if isinstance(context.trace_request_ctx, _Use):
        context.trace_request_ctx.reused.append(True)


class Upstream:
    """Sends requests to targets."""

    def __init__(self) -> None:
        trace = aiohttp.TraceConfig()
        trace.on_connection_reuseconn.append(_note_reuse)
        self._kept = _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=30), [trace])
        self.fresh = _session(aiohttp.TCPConnector(limit=0, force_close=True), [])

    async def close(self) -> None:
        """Close all connections."""
        await self._kept.close()
        await self.fresh.close()

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
        """The response once its head is there; `stack` holds it. Raises what aiohttp's client raises."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=idle_timeout)
        options: dict[str, Any] = {"headers": headers, "timeout": timeout, "allow_redirects": False}
        if body is None and method in IDEMPOTENT:
            use = _Use([])
            try:
                return await stack.enter_async_context(
                    self._kept.request(method, url, trace_request_ctx=use, **options)
                )
            except CLOSED:
                if not use.reused:
                    raise
        return await stack.enter_async_context(self.fresh.request(method, url, data=body, **options))


def _session(connector: aiohttp.TCPConnector, traces: list[aiohttp.TraceConfig]) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=NEVER_ADD,
        trace_configs=traces,
        max_line_size=65536,
        max_field_size=65536,
    )
    # aiohttp would send any idempotent request again, also one that its target has seen; there is no public switch.
    session._retry_connection = False  # pyright: ignore[reportPrivateUsage]
    return session
