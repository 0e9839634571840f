"""Relay WebSockets message by message."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp
from aiohttp import web
from yarl import URL

from sandbox.balancer.headers import Headers

Socket = web.WebSocketResponse[bool] | aiohttp.ClientWebSocketResponse[bool]


def wanted(request: web.BaseRequest) -> bool:
    """Return whether a request asks for the upgrade (RFC 6455, section 4.1)."""
    return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"


async def relay(
    session: aiohttp.ClientSession, request: web.BaseRequest, url: URL, headers: Headers
) -> web.StreamResponse:
    """Upgrade both sides and pass messages on until one closes; 502 if the target does not upgrade."""
    protocols = tuple(part.strip() for part in headers.popall("Sec-WebSocket-Protocol", []) for part in part.split(","))
    for name in [name for name in headers if name.lower().startswith("sec-websocket-")]:
        headers.popall(name, None)
    try:
        target = await session.ws_connect(url, headers=headers, protocols=protocols, max_msg_size=0)
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
        return web.Response(status=502)
    async with target:
        client = web.WebSocketResponse(protocols=(target.protocol,) if target.protocol else (), max_msg_size=0)
        await client.prepare(request)
        pumps = [asyncio.create_task(_pump(client, target)), asyncio.create_task(_pump(target, client))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)
        await client.close(code=target.close_code or aiohttp.WSCloseCode.OK)
    return client


async def _pump(source: Socket, sink: Socket) -> None:
    with suppress(ConnectionError, aiohttp.ClientError):
        async for message in source:
            if message.type is aiohttp.WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await sink.send_bytes(message.data)
