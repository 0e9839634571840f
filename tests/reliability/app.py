"""The app that is deployed and broken on purpose. A commit of it differs in `mode.txt`, which says how it behaves."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODE = (Path(__file__).parent / "mode.txt").read_text().split()[0]
# A file outside the release: with it there, a release that served before does not boot any more.
POISON = Path(os.environ.get("POISON", "/nonexistent"))
SLOW_START = 12  # seconds
SLOW_ANSWER = 2  # seconds; less than the fleet's drain


class Handler(BaseHTTPRequestHandler):
    """Every answer names the release; /slow takes its time."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status = 200
        if self.path == "/healthz":
            status = 503 if MODE == "never" else 200
        elif MODE == "crashes":  # as a server whose worker dies on a request: the connection ends without an answer
            self.close_connection = True
            return
        elif MODE == "errors":
            status = 500
        elif self.path == "/slow":
            time.sleep(SLOW_ANSWER)
        body = os.environ["RELEASE_SHA"].encode()
        self.send_response(status)
        self.send_header("X-Release", os.environ["RELEASE_SHA"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: hundreds of requests a second are not worth a line each."""


class Server(ThreadingHTTPServer):
    request_queue_size = 256


def main() -> None:
    """Serves until SIGTERM."""
    if MODE == "exits" or (MODE == "poisoned" and POISON.exists()):
        sys.exit("no database")
    if MODE == "slow":
        time.sleep(SLOW_START)
    server = Server(("", int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


main()
