"""Ports for machines: one that nothing else on this computer takes, for as long as the machine lives."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass, field

from sandbox.errors import SandboxError
from sandbox.processes import FIRST_PORT, LAST_PORT, LOOPBACK


@dataclass
class Ports:
    """Reserves ports across processes.

    A TCP socket held open would stop an app that listens without SO_REUSEADDR. So the UDP port of the same number is
    held instead: it is a different namespace, and everyone who asks here contends for it.
    """

    _held: dict[int, socket.socket] = field(default_factory=dict[int, socket.socket])

    def take(self) -> int:
        """A free port; SandboxError where there is none."""
        for port in random.sample(range(FIRST_PORT, LAST_PORT + 1), LAST_PORT + 1 - FIRST_PORT):
            if port not in self._held and _listenable(port):
                holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                try:
                    holder.bind((LOOPBACK, port))
                except OSError:
                    holder.close()
                    continue
                self._held[port] = holder
                return port
        raise SandboxError(
            f"machines: no port from {FIRST_PORT} to {LAST_PORT} is free; end something that listens there"
        )

    def release(self, port: int) -> None:
        """Gives `port` back; nothing where it isn't held."""
        holder = self._held.pop(port, None)
        if holder is not None:
            holder.close()


def _listenable(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104  # whoever listens on any address has it
        except OSError:
            return False
    return True
