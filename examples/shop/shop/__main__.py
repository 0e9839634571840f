"""`python3 -m shop`: serve on `$PORT`, on all addresses, until SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading

from shop.release import Release
from shop.server import Server

DRAIN = 8.0  # seconds


def main() -> int:
    """Serve until SIGTERM; return 0 if no request was cut off at the end."""
    port = os.environ.get("PORT", "8080")
    if not port.isdigit() or int(port) > 65535:
        print(f"PORT: must be a number up to 65535, is {port!r}", file=sys.stderr)
        return 2
    try:
        server = Server(("0.0.0.0", int(port)), Release.from_environment())  # noqa: S104  # the load balancer is elsewhere
    except OSError as problem:
        print(f"PORT: cannot listen on {port}: {problem}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    serving.start()
    print(f"serving {server.release.sha} on port {server.server_port}", flush=True)
    stop.wait()
    return 0 if server.drain(DRAIN) else 1


if __name__ == "__main__":
    sys.exit(main())
