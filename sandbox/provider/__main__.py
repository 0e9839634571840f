"""`python -m sandbox.provider --endpoint URL --port N`: serve the provider until SIGTERM."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.provider.call import Clients
from sandbox.provider.registry import INVOKES, RESOURCES
from sandbox.provider.server import Provider

_WORKERS = 64  # a request that waits for AWS holds one; the engine sends no more than its --parallel at a time
_LARGEST = 400 * 1024 * 1024  # bytes; what the engine itself allows for a message


def serve(endpoint: str, port: int) -> tuple[grpc.Server, int]:
    """Start a server on the loopback interface; return it and its port (a free one if `port` is 0)."""
    options = [("grpc.max_receive_message_length", _LARGEST), ("grpc.max_send_message_length", _LARGEST)]
    server = grpc.server(ThreadPoolExecutor(_WORKERS), options=options)
    provider = Provider(Clients(endpoint), RESOURCES, INVOKES)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.provider", description=__doc__)
    parser.add_argument("--endpoint", required=True, help="URL of the emulator")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--verbose", action="store_true", help="log failures with their traceback")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    if arguments.verbose:
        logging.getLogger("sandbox.provider").setLevel(logging.DEBUG)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        server, port = serve(arguments.endpoint, arguments.port)
    except RuntimeError as error:
        print(f"cannot listen on port {arguments.port}: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"ready": True, "port": port}), flush=True)
    stop.wait()
    server.stop(grace=2).wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
