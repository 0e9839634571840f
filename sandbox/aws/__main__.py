"""`python -m sandbox.aws --port N [--balancer-port N]`: AWS on 127.0.0.1, until SIGTERM."""

import argparse
import json
import logging
import os
import signal
import sys

from sandbox.aws.autoscaling.refresh_driver import Limits
from sandbox.aws.controller import Controller
from sandbox.aws.elbv2.places import places
from sandbox.aws.server import serve
from sandbox.service import keys


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where AWS answers; 0 takes any free port")
    parser.add_argument("--balancer-port", type=int, help="the load balancers' port, each on an address of its own")
    parser.add_argument(
        "--refresh-timeout",
        type=float,
        default=Limits.stalled,
        help="seconds without progress after which an instance refresh fails (AWS: 3600)",
    )
    options = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    keys.of_session()  # without them nobody could ask for anything
    places.port = options.balancer_port
    Limits.stalled = options.refresh_timeout
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    server = serve(options.port)
    Controller().start()
    print(json.dumps({"ready": True, "port": server.server_port}), flush=True)
    server.serve_forever()


def _leave(*_: object) -> None:
    os._exit(0)  # nothing is worth keeping, and request threads may be in a long poll


if __name__ == "__main__":
    main()
