"""Answer one request: find the rule that matches, have a target answer, and relay the response."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from yarl import URL

from sandbox.balancer import websocket
from sandbox.balancer.config import Json, ListenerConfig, LoadBalancerConfig
from sandbox.balancer.headers import end_to_end, for_target
from sandbox.balancer.metrics import Metrics
from sandbox.balancer.rules import CompiledRule, Seen, compile_rules, redirect_location
from sandbox.balancer.targets import Target, TargetGroup
from sandbox.balancer.upstream import Upstream
from sandbox.ports import LOOPBACK

LOG = logging.getLogger(__name__)
WHOLE = 65536  # bytes; a response up to this size is read and sent in one piece
SERVER = "awselb/2.0"
PHRASES = {
    400: "Bad Request",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}


@dataclass
class Route:
    """What a listener's server needs for each request; replaced as a whole when the configuration changes."""

    balancer: LoadBalancerConfig
    listener: ListenerConfig
    local_ports: Mapping[int, int] = field(default_factory=dict[int, int])  # by listener port
    rules: tuple[CompiledRule, ...] = ()

    def __post_init__(self) -> None:
        self.rules = compile_rules(self.listener)


class Proxy:
    """Answers requests for all load balancers."""

    def __init__(self, groups: Mapping[str, TargetGroup], metrics: Metrics, upstream: Upstream) -> None:
        self._groups = groups
        self._metrics = metrics
        self._upstream = upstream

    async def handle(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """Return the response; errors are those that an ALB returns."""
        seen = _seen(request)
        rule = next((rule for rule in route.rules if rule.matches(seen)), None)
        action: Json = rule.action if rule is not None else {"Type": "none"}
        if action["Type"] == "redirect":
            return _redirect(action, seen, route.local_ports)
        if action["Type"] == "fixed-response":
            return _fixed(action)
        if action["Type"] == "forward":
            return await self._forward(request, route, action.get("TargetGroupArn"))
        return self._error(route, 500)

    async def _forward(self, request: web.BaseRequest, route: Route, arn: str | None) -> web.StreamResponse:
        group = self._groups.get(arn or "")
        target = group.choose() if group is not None else None
        if target is None:
            return self._error(route, 503)
        task, transport = asyncio.current_task(), request.transport

        def cut() -> None:
            if transport is not None:
                transport.abort()
            if task is not None:
                task.cancel()

        with target.request(cut):
            return await self._exchange(request, route, target)

    async def _exchange(self, request: web.BaseRequest, route: Route, target: Target) -> web.StreamResponse:
        headers = for_target(
            request.headers,
            route.balancer,
            client=request.remote or LOOPBACK,
            scheme="https" if route.listener.secure else "http",
            port=route.listener.port,
        )
        url = URL(f"http://{target.config.address}{_origin_form(request)}", encoded=True)
        if websocket.wanted(request):
            self._metrics.answered(route.balancer.arn, target.group, 101, 0)
            return await websocket.relay(self._upstream.fresh, request, url, headers)
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        async with AsyncExitStack() as stack:
            begun = time.monotonic()
            try:
                response = await self._upstream.send(
                    stack,
                    request.method,
                    url,
                    headers=headers,
                    body=request.content if request.can_read_body else None,
                    idle_timeout=route.balancer.idle_timeout,
                )
            except (asyncio.TimeoutError, TimeoutError):
                return self._error(route, 504, target.group)
            except (aiohttp.ClientError, OSError, ValueError) as problem:
                if request.transport is None:  # the client left before it had sent all of its request
                    self._metrics.failed(route.balancer.arn, 460, target.group)
                    return _broken(request)
                LOG.info("502 %s %s: %s", request.method, url, problem)
                unconnected = isinstance(problem, aiohttp.ClientConnectorError)
                return self._error(route, 502, target.group, connected=not unconnected)
            self._metrics.answered(route.balancer.arn, target.group, response.status, time.monotonic() - begun)
            return await _relay(request, response)

    def _error(self, route: Route, status: int, group: str | None = None, *, connected: bool = True) -> web.Response:
        self._metrics.failed(route.balancer.arn, status, group, connected=connected)
        title = f"{status} {PHRASES[status]}"
        page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        return web.Response(
            status=status,
            reason=PHRASES[status],
            body=f"{page}</body>\r\n</html>\r\n".encode(),
            content_type="text/html",
            headers={"Server": SERVER},
        )


async def _relay(request: web.BaseRequest, response: aiohttp.ClientResponse) -> web.StreamResponse:
    headers = end_to_end(response.headers)
    length = response.content_length
    empty = response.status in (204, 304)
    if request.method != "HEAD" and (empty or (length is not None and length <= WHOLE)):
        try:
            body = await response.read()
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
            return _broken(request)
        headers.popall("Content-Length", None)
        return web.Response(status=response.status, reason=response.reason, headers=headers, body=body)
    relayed = web.StreamResponse(status=response.status, reason=response.reason, headers=headers)
    if length is None and request.method != "HEAD" and request.version >= aiohttp.HttpVersion11:
        relayed.enable_chunked_encoding()
    await relayed.prepare(request)
    while True:
        try:
            chunk = await response.content.readany()
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
            return _broken(request)
        if not chunk:
            break
        await relayed.write(chunk)
    await relayed.write_eof()
    return relayed


def _broken(request: web.BaseRequest) -> web.StreamResponse:
    """Cut the client's connection: a response that ended too early must not look complete."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)


def _redirect(action: Json, seen: Seen, local_ports: Mapping[int, int]) -> web.Response:
    location = redirect_location(action, seen, local_ports=local_ports)
    status = int(str(action["RedirectConfig"]["StatusCode"]).removeprefix("HTTP_"))
    return web.Response(status=status, headers={"Location": location, "Server": SERVER})


def _fixed(action: Json) -> web.Response:
    config = action["FixedResponseConfig"]
    return web.Response(
        status=int(config["StatusCode"]),
        text=config.get("MessageBody") or "",
        content_type=config.get("ContentType") or "text/plain",
        headers={"Server": SERVER},
    )


def _origin_form(request: web.BaseRequest) -> str:
    """Return the path and query as they were sent; a full URL (RFC 9112, section 3.2.2) loses its origin."""
    target = request.raw_path
    if target.startswith("/"):
        return target
    return URL(target, encoded=True).raw_path_qs if "://" in target else "/"


def _seen(request: web.BaseRequest) -> Seen:
    path, _, query = _origin_form(request).partition("?")
    host = request.headers.get("Host", "")
    bare = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value)
    return Seen(host=bare.lower(), path=path, query=query, client=request.remote or "", headers=headers)
