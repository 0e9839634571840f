"""Ask an endpoint whether it is healthy, as Route 53's health checkers do, and judge it by a run of such checks.

Source: "How Amazon Route 53 determines whether a health check is healthy" in the Route 53 developer guide.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import aiohttp
from yarl import URL

from sandbox.dns.config import HealthCheck
from sandbox.dns.endpoints import NOT_CONNECTED, Endpoint

CONNECT = 4.0  # seconds for a connection of an HTTP or HTTPS check
CONNECT_TCP = 10.0  # and of a TCP check
ANSWER = 2.0  # seconds from the connection to the status, and from the status to the searched part of the body
SEARCHED = 5120  # bytes of the body
FAILED = "Failure: "
NO_ANSWER = "Failure: The endpoint did not respond with an HTTP status code within the timeout limit."
NO_MATCH = "Failure: The search string was not found in the first 5,120 bytes of the response body."


@dataclass(frozen=True)
class Verdict:
    """Whether an endpoint is healthy, and how many checks in a row said otherwise.

    A new health check counts as healthy until there is enough to tell.
    """

    healthy: bool = True
    against: int = 0

    def after(self, succeeded: bool, threshold: int) -> Verdict:
        """Return the verdict after one more check: `threshold` checks in a row change it."""
        if succeeded == self.healthy:
            return replace(self, against=0)
        if self.against + 1 >= threshold:
            return Verdict(succeeded)
        return replace(self, against=self.against + 1)


async def probe(check: HealthCheck, where: Endpoint) -> str:
    """Check an endpoint once, and return what GetHealthCheckStatus says of it: one that begins with FAILED did."""
    try:
        if check.type == "TCP":
            return await _connect(where)
        return await _request(check, where)
    except (asyncio.TimeoutError, TimeoutError):
        return NO_ANSWER
    except (aiohttp.ClientConnectorError, OSError):
        return NOT_CONNECTED
    except (aiohttp.ClientError, ValueError) as problem:
        return f"{FAILED}{problem}"


async def _connect(where: Endpoint) -> str:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(where.host, where.port), CONNECT_TCP)
    except (asyncio.TimeoutError, TimeoutError):
        return NOT_CONNECTED
    writer.close()
    await writer.wait_closed()
    return "Success: TCP connection established"


async def _request(check: HealthCheck, where: Endpoint) -> str:
    connected = asyncio.Event()

    async def note(*_: object) -> None:
        connected.set()

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(note)
    async with aiohttp.ClientSession(trace_configs=[trace], auto_decompress=False) as session:
        request = asyncio.create_task(_status(session, check, where))
        connection = asyncio.create_task(connected.wait())
        try:
            await asyncio.wait([request, connection], timeout=CONNECT, return_when=asyncio.FIRST_COMPLETED)
            if not request.done() and not connected.is_set():
                return NOT_CONNECTED
            async with await asyncio.wait_for(request, ANSWER) as response:
                return await _judge(check, response)
        finally:
            request.cancel()
            connection.cancel()
            await asyncio.gather(request, connection, return_exceptions=True)


async def _status(session: aiohttp.ClientSession, check: HealthCheck, where: Endpoint) -> aiohttp.ClientResponse:
    scheme, usual = ("https", 443) if check.secure else ("http", 80)
    name = check.fqdn or check.ip
    host = name.partition(":")[0]
    headers = {
        "Host": name if check.port == usual else f"{host}:{check.port}",
        "User-Agent": f"Amazon-Route53-Health-Check-Service (ref {check.id}; report http://amzn.to/1vsZADi)",
        "Accept": "*/*",
        "Connection": "close",
    }
    path = check.path if check.path.startswith("/") else f"/{check.path}"
    url = URL(f"{scheme}://{where.host}:{where.port}{path}", encoded=True)
    return await session.get(
        url, headers=headers, ssl=False, server_hostname=host if check.sni else None, allow_redirects=False
    )


async def _judge(check: HealthCheck, response: aiohttp.ClientResponse) -> str:
    said = f"HTTP Status Code {response.status}, {response.reason}"
    if not 200 <= response.status < 400:
        return f"{FAILED}{said}"
    if check.type.endswith("STR_MATCH"):
        body = await asyncio.wait_for(_beginning(response), ANSWER)
        if check.search.encode() not in body:
            return NO_MATCH
    return f"Success: {said}"


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    while len(body) < SEARCHED and (chunk := await response.content.read(SEARCHED - len(body))):
        body += chunk
    return body
