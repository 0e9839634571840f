"""Where load balancers are on this machine: each has an address of loopback to itself, and all have the same ports.

So a name that leads to another load balancer leads to another address, as on AWS, while the port stays. Linux has all
of 127.0.0.0/8; where a system has 127.0.0.1 only (macOS), load balancers differ by their ports.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sandbox.ports import LOOPBACK

TLS_PORT = 8443
_MOST = 254


@dataclass(frozen=True, kw_only=True)
class Place:
    """An address of loopback, and its ports that stand for 80 and 443."""

    address: str
    port: int
    tls_port: int

    @property
    def name(self) -> str:
        """Return what serves as DNS name."""
        return f"{self.address}:{self.port}"

    def local_ports(self, listeners: Iterable[tuple[int, str]]) -> dict[int, int]:
        """Return the local ports of listeners, given as (port, protocol), by their port; the others get any."""
        found: dict[int, int] = {}
        for protocol, usual, local in (("HTTP", 80, self.port), ("HTTPS", 443, self.tls_port)):
            of_it = sorted((port for port, spoken in listeners if spoken == protocol), key=lambda port: port != usual)
            found.update(dict.fromkeys(of_it[:1], local))
        return found


class Places:
    """Gives each load balancer a place of its own; the first one has 127.0.0.1."""

    def __init__(self) -> None:
        self.port: int | None = None
        """The port that stands for 80 on each address; None takes the first free one, and then the same for all."""
        self._held: dict[Place, list[socket.socket]] = {}

    def take(self) -> Place:
        """Reserve a place; on Linux, only a listener with SO_REUSEADDR can then use its ports."""
        used = {place.address for place in self._held}
        address = next(each for each in _addresses() if each not in used)
        try:
            plain = _bind(address, self.port)
        except OSError:  # no such address here
            address = LOOPBACK
            plain = _bind(address, self.port if address not in used else None)
        secure = _bind(address, TLS_PORT if address not in used else None)
        place = Place(address=address, port=plain.getsockname()[1], tls_port=secure.getsockname()[1])
        self.port = self.port or place.port
        self._held[place] = [plain, secure]
        if sys.platform != "linux":
            for reservation in self._held[place]:
                reservation.close()
        return place

    def release(self, place: Place) -> None:
        """Give a place back: the next load balancer may have it."""
        for reservation in self._held.pop(place, []):
            reservation.close()


def _addresses() -> Iterator[str]:
    yield LOOPBACK
    for number in range(256 * _MOST):
        yield f"127.0.{1 + number // _MOST}.{1 + number % _MOST}"


def _bind(address: str, wanted: int | None) -> socket.socket:
    """Return a socket on the wanted port, or on a free one where it is taken. Raises OSError: no such address."""
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            reservation.bind((address, wanted or 0))
        except OSError:
            reservation.bind((address, 0))
    except OSError:
        reservation.close()
        raise
    return reservation


places = Places()
