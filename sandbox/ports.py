"""Free TCP ports of the loopback interface, for the sandbox's processes and for its machines."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from sandbox.errors import SandboxError

LOOPBACK = "127.0.0.1"
ANY = "0.0.0.0"  # noqa: S104  # only to ask whether a port is free on every address
# Below the ranges from which kernels pick ports for outgoing connections (Linux: from 32768, macOS: from 49152), so
# that no such connection takes a port before the process it was chosen for listens there.
FIRST, LAST = 20000, 31999


def free_port(*, besides: Collection[int] = ()) -> int:
    """Return a port that nobody listens on now and that is not in `besides`. Raises SandboxError if there is none."""
    return next(_free(besides, LOOPBACK))


def is_free(port: int, address: str = LOOPBACK, *, udp: bool = False) -> bool:
    """Return whether a server could listen on this port of `address` now, by TCP or by UDP."""
    with socket.socket(type=socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as listener:
        if not udp:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
        except OSError:
            return False
        return True


def _free(besides: Collection[int], address: str) -> Iterator[int]:
    for port in random.sample(range(FIRST, LAST + 1), LAST + 1 - FIRST):
        if port not in besides and is_free(port, address):
            yield port
    raise SandboxError(f"no port from {FIRST} to {LAST} is free; end a program that listens on one of them")


@dataclass
class ReservedPorts:
    """Ports that stay reserved, across processes, until they are released.

    Holding a TCP socket open would stop an app that listens without SO_REUSEADDR. So the UDP port of the same number
    is held instead: UDP ports are numbered separately, and everyone who asks here contends for them.
    """

    _held: dict[int, socket.socket] = field(default_factory=dict[int, socket.socket])

    def take(self) -> int:
        """Reserve a free port and return it. Raises SandboxError if there is none."""
        for port in _free(self._held, ANY):
            holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                holder.bind((LOOPBACK, port))
            except OSError:
                holder.close()
                continue
            self._held[port] = holder
            return port
        raise AssertionError  # `_free` never ends without an error

    def release(self, port: int) -> None:
        """Give `port` back, if it is reserved."""
        holder = self._held.pop(port, None)
        if holder is not None:
            holder.close()
