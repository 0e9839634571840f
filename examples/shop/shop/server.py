"""HTTP/1.1 with kept connections, and a shutdown that cuts no request off."""

from __future__ import annotations

import select
import socket
import sys
import threading
import time
from http.server import ThreadingHTTPServer
from socketserver import TCPServer

from shop.handler import Handler
from shop.pages import Pages
from shop.release import Release


class Server(ThreadingHTTPServer):
    """A thread for each connection; knows which connections wait for a request."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], release: Release) -> None:
        self.release = release
        self.pages = Pages(release)
        self.draining = False
        self._busy: dict[socket.socket, bool] = {}
        self._changed = threading.Condition()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Do as http.server does, but don't look up this computer's name: a subnet may have no DNS."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "", self.server_address[1]

    def process_request(self, request, client_address):  # noqa: ANN001, ANN201  # as in socketserver
        """Note and handle a new connection."""
        with self._changed:
            self._busy[request] = True
        super().process_request(request, client_address)

    def shutdown_request(self, request):  # noqa: ANN001, ANN201  # as in socketserver
        """Note that a connection has ended."""
        super().shutdown_request(request)
        with self._changed:
            self._busy.pop(request, None)
            self._changed.notify_all()

    def handle_error(self, request, client_address):  # noqa: ANN001, ANN201  # as in socketserver
        """Report an error, unless it is only that the client left."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def waits(self, request: socket.socket) -> None:
        """Note that a connection waits for its next request."""
        with self._changed:
            self._busy[request] = False
            if self.draining:
                _end_reading(request)

    def works(self, request: socket.socket) -> None:
        """Note that a connection has begun a request."""
        with self._changed:
            self._busy[request] = True

    def drain(self, seconds: float) -> bool:
        """Finish requests in flight and close idle connections; return False if one is still in flight at the end."""
        end = time.monotonic() + seconds
        with self._changed:
            self.draining = True
            for request, busy in self._busy.items():
                if not busy:
                    _end_reading(request)
        self.shutdown()
        while select.select([self.socket], [], [], 0)[0]:  # connections that were not accepted yet
            self.handle_request()
        self.server_close()
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy, max(0.0, end - time.monotonic()))


def _end_reading(request: socket.socket) -> None:
    """Close one side, so that the connection's thread answers what has arrived and then reaches the end."""
    try:
        request.shutdown(socket.SHUT_RD)
    except OSError:
        return  # it has already ended
