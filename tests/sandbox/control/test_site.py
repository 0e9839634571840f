"""Where a site is on this machine."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from sandbox.balancer.certificate import server_context
from sandbox.control import site
from sandbox.errors import SandboxError
from tests.waiting import ENOUGH

LISTENERS = [{"port": 80, "local_port": 8080}, {"port": 443, "local_port": 8443}]
BALANCERS = {
    "load_balancers": [
        {"name": "slipway-prod", "region": "eu-west-1", "address": "127.0.0.1", "listeners": LISTENERS},
        {"name": "slipway-prod", "region": "eu-central-1", "address": "127.0.1.1", "listeners": LISTENERS},
    ]
}


@pytest.mark.parametrize(
    ("url", "region", "expected"),
    [
        ("https://shop.example.com", "eu-west-1", "https://127.0.0.1:8443"),
        ("https://shop.example.com", "eu-central-1", "https://127.0.1.1:8443"),
        ("https://shop.example.com", "us-west-2", "https://shop.example.com"),
    ],
)
def test_a_domain_is_where_its_stacks_balancer_is(url: str, region: str, expected: str):
    """By the stack's name and region, whichever of two regions the domain itself leads to."""
    assert site.local(url, BALANCERS, stack="prod", region=region) == expected


@pytest.fixture
def served() -> Iterator[tuple[str, list[int]]]:
    """The URL of an HTTPS server with a certificate of its own, and the status that it answers with."""
    status = [200]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = server_context().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", status
    server.shutdown()
    thread.join(ENOUGH)
    server.server_close()


def test_a_site_serves_if_it_answers(served: tuple[str, list[int]]):
    """By HTTPS too, whoever signed the certificate; a 4xx is an answer, a 5xx and a closed port are not."""
    url, status = served
    site.fetch(url)
    status[0] = 404
    site.fetch(url)
    status[0] = 503
    with pytest.raises(SandboxError, match="answers 503"):
        site.fetch(url)
    with pytest.raises(SandboxError, match="does not answer"):
        site.fetch("https://127.0.0.1:9")
