"""Answer DNS queries over UDP and TCP. dnslib, which has no types, reads and writes the messages.

Sources: RFC 1035, RFC 2308 (negative answers), RFC 6891 (EDNS), RFC 7766 (TCP).
"""

from __future__ import annotations

import asyncio
import errno
import logging
import struct
from collections.abc import Callable
from typing import Any, cast

import dnslib

from sandbox.dns.answers import Answer, Line
from sandbox.dns.config import plain
from sandbox.ports import LOOPBACK

LOG = logging.getLogger(__name__)
PLAIN_UDP = 512  # bytes of an answer over UDP to a client that does not say how many it takes
LARGEST_UDP = 1232  # to one that does: so much is never fragmented
IDLE = 10.0  # seconds that a TCP connection may be silent
_ATTEMPTS = 5  # to find a port that is free by both protocols

Ask = Callable[[str, str], Answer]
"""Returns the answer to a name and a type."""

_dns: Any = dnslib


def reply(message: bytes, ask: Ask, *, udp: bool) -> bytes | None:
    """Return the reply to a query; None if it is not one."""
    try:
        query = _dns.DNSRecord.parse(message)
    except (_dns.DNSError, ValueError, struct.error) as problem:
        LOG.info("a message that is no query: %s", problem)
        return None
    if query.header.qr or len(query.questions) != 1:
        return None
    answered = query.reply(aa=1, ra=0)
    answered.rr.clear()
    if query.header.opcode != _dns.OPCODE.QUERY:
        answered.header.rcode = _dns.RCODE.NOTIMP
    else:
        _fill(answered, query.q, ask)
    size = PLAIN_UDP
    for option in (record for record in query.ar if record.rtype == _dns.QTYPE.OPT):
        size = max(PLAIN_UDP, min(option.rclass, LARGEST_UDP))
        answered.add_ar(_dns.EDNS0(udp_len=LARGEST_UDP))
    packed = answered.pack()
    return answered.truncate().pack() if udp and len(packed) > size else packed


def _fill(answered: Any, question: Any, ask: Ask) -> None:  # noqa: ANN401 - dnslib's own
    name = plain(str(question.qname))
    try:
        found = ask(name, str(_dns.QTYPE[question.qtype]))
        lines = [_line(line, question.qname if plain(line.name) == name else line.name) for line in found.lines]
        authority = [_line(line, line.name) for line in found.authority]
    except (_dns.DNSError, ValueError, KeyError, IndexError):
        LOG.exception("%s could not be answered", question.qname)
        answered.header.rcode = _dns.RCODE.SERVFAIL
        return
    answered.header.rcode = getattr(_dns.RCODE, found.code)
    answered.header.aa = found.code in ("NOERROR", "NXDOMAIN")
    answered.add_answer(*lines)
    for record in authority:
        record.ttl = min(record.ttl, record.rdata.times[4])  # how long to remember that there is nothing
    answered.add_auth(*authority)


def _line(line: Line, name: Any) -> Any:  # noqa: ANN401 - dnslib's own
    record = _dns.RR.fromZone(f". {line.ttl} IN {line.type} {line.value}")[0]
    record.rname = name
    return record


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        answered = reply(data, self._ask, udp=True)
        if answered is not None and self._transport is not None:
            self._transport.sendto(answered, addr)


class Server:
    """The server on one port of loopback."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._udp: asyncio.BaseTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def open(self, port: int) -> int:
        """Listen by UDP and TCP on `port`, or on any that is free if it is 0 or taken; return it. Raises OSError.

        A port that was free when it was chosen may have been taken since, by another sandbox that starts.
        """
        for _ in range(_ATTEMPTS):
            try:
                return await self._listen(port)
            except OSError as error:
                self.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                port = 0
        raise OSError(errno.EADDRINUSE, "no port is free by both UDP and TCP")

    async def _listen(self, port: int) -> int:
        self._tcp = await asyncio.start_server(self._converse, LOOPBACK, port)
        port = int(self._tcp.sockets[0].getsockname()[1])
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self._ask), (LOOPBACK, port))
        return port

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await asyncio.wait_for(reader.readexactly(2), IDLE))
                message = await asyncio.wait_for(reader.readexactly(length), IDLE)
                answered = reply(message, self._ask, udp=False)
                if answered is None:
                    break
                writer.write(struct.pack("!H", len(answered)) + answered)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.TimeoutError, TimeoutError, OSError):
            pass  # the client has left, or says nothing
        finally:
            writer.close()

    def close(self) -> None:
        """Answer no more."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
