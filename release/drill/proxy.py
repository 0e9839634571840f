"""A CONNECT proxy on loopback that lets through the hosts that a drill may reach, refuses all others, and counts both.

It sees names, not what is said to them: TLS goes through unopened. Source: RFC 9110, section 9.3.6 (CONNECT).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from types import TracebackType
from urllib.parse import unquote, urlsplit

from release.drill.report import REFUSED, Host
from release.errors import DrillError

LOOPBACK = "127.0.0.1"
HTTPS = frozenset({443})
START = 10.0
"""Seconds for the proxy to begin, and for its end."""
_HEAD_BYTES, _HEAD_SECONDS = 16 << 10, 10.0
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 900.0
_CHUNK = 64 << 10
_KNOWN = 1000
"""The most host names that are told apart."""
_REQUEST = re.compile(rb"CONNECT (\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5}) HTTP/1\.[01]")
_ABSOLUTE = re.compile(rb"[A-Z]{1,10} https?://([A-Za-z0-9._-]{1,253})[:/ ]")

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[str, int], Awaitable[Streams]]


async def direct(host: str, port: int) -> Streams:
    """Connect to a host by its name."""
    return await asyncio.open_connection(host, port)


def by_way_of(upstream: str) -> Connect:
    """Return what connects through another proxy, by its URL: the one that this machine has to use anyway."""
    url = urlsplit(upstream if "://" in upstream else f"http://{upstream}")
    secure = url.scheme == "https"
    user = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    known = f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n" if url.username else ""

    async def connect(host: str, port: int) -> Streams:
        reader, writer = await asyncio.open_connection(url.hostname, url.port or (443 if secure else 80), ssl=secure)
        try:
            writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{known}\r\n".encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0]
            if answer.split()[1:2] != [b"200"]:
                raise OSError(f"the proxy {url.hostname} answers {answer[:100].decode('ascii', 'replace')}")
        except BaseException:
            writer.close()
            raise
        return reader, writer

    return connect


class Proxy:
    """A proxy that runs in a thread of its own while the context is open."""

    def __init__(
        self, scope: Callable[[str], str], *, ports: Collection[int] = HTTPS, connect: Connect = direct
    ) -> None:
        """`scope` says of a host why it may be reached, or REFUSED; `ports` are those that may be."""
        self._scope, self._ports, self._connect = scope, frozenset(ports), connect
        self._asked: Counter[tuple[str, str]] = Counter()
        self._failed: Counter[tuple[str, str]] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drill-proxy", daemon=True)
        self._failure: Exception | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The value of HTTPS_PROXY."""
        return f"http://{LOOPBACK}:{self.port}"

    def hosts(self) -> tuple[Host, ...]:
        """Return the hosts that were asked for so far, those that were let through first."""
        asked, failed = self._asked.copy(), self._failed.copy()
        found = [
            Host(name=name, scope=scope, asked=count, failed=failed[name, scope])
            for (name, scope), count in asked.items()
        ]
        return tuple(sorted(found, key=lambda host: (host.scope == REFUSED, host.scope, host.name)))

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._started.wait(START)
        if self._failure or not self.port:
            raise DrillError(f"the proxy of the drill does not start on {LOOPBACK}: {self._failure or 'it hangs'}")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._loop and self._stop:
            with contextlib.suppress(RuntimeError):  # its loop has ended already
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._handle, LOOPBACK, 0, limit=_HEAD_BYTES)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            pass  # the client went, or spoke something else than HTTP
        except asyncio.CancelledError:
            pass  # the proxy ends; asyncio's streams log it as an error if a connection's task ends so (until 3.12)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
        line = head.split(b"\r\n", 1)[0]
        request = _REQUEST.fullmatch(line)
        if request is None:
            plain = _ABSOLUTE.match(line)
            self._note(plain[1].decode() if plain else "(not HTTPS)", REFUSED)
            return await _say(writer, "405 Method Not Allowed", "the drill lets only CONNECT through")
        host, port = request[1].decode().lower().rstrip("."), int(request[2])
        scope = self._scope(host) if port in self._ports else REFUSED
        name = self._note(host, scope)
        if scope == REFUSED:
            return await _say(writer, "403 Forbidden", f"the drill has cut off {host}:{port}")
        try:
            theirs, ours = await asyncio.wait_for(self._connect(host, port), _CONNECT_SECONDS)
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.TimeoutError) as error:
            self._failed[name, scope] += 1
            return await _say(writer, "502 Bad Gateway", f"{host}: {error or 'it does not answer'}")
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await _both(_pass(reader, ours), _pass(theirs, writer))
        finally:
            ours.close()

    def _note(self, host: str, scope: str) -> str:
        name = host if (host, scope) in self._asked or len(self._asked) < _KNOWN else "(others)"
        self._asked[name, scope] += 1
        return name


async def _say(writer: asyncio.StreamWriter, status: str, why: str) -> None:
    body = f"{why}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


async def _both(one: Awaitable[None], other: Awaitable[None]) -> None:
    """Wait for both directions; if one fails, the other ends too."""
    tasks = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on what comes until it ends, then say so to the other side."""
    while data := await asyncio.wait_for(source.read(_CHUNK), _IDLE_SECONDS):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
