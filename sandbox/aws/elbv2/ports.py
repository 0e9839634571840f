"""Local ports for load balancers."""

import socket
import sys


class Ports:
    """Gives each load balancer a port on 127.0.0.1; the first one gets the preferred port where it is free."""

    def __init__(self) -> None:
        self.preferred: int | None = None
        self._held: dict[int, socket.socket] = {}

    def take(self) -> int:
        """Reserve a free port; on Linux, only a listener with SO_REUSEADDR can then use it."""
        wanted, self.preferred = self.preferred, None
        try:
            reservation = self._bind(wanted or 0)
        except OSError:
            reservation = self._bind(0)
        port: int = reservation.getsockname()[1]
        if sys.platform == "linux":
            self._held[port] = reservation
        else:
            reservation.close()
        return port

    def release(self, port: int) -> None:
        """Give `port` back; the preferred one is thereby free for the next load balancer again."""
        held = self._held.pop(port, None)
        if held:
            held.close()

    @staticmethod
    def _bind(port: int) -> socket.socket:
        reservation = socket.socket()
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            reservation.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            raise
        return reservation


ports = Ports()
