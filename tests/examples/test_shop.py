"""The example storefront: a real process, real HTTP."""

from __future__ import annotations

import ast
import concurrent.futures
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.waiting import ENOUGH

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"
SHA, DIGEST, INSTANCE = "c0ffee" * 6 + "c0ff", "d1" * 32, "i-0123456789abcdef0"

pytestmark = pytest.mark.sandbox


def start(**environment: str) -> SimpleNamespace:
    """A shop on a free port, once it says that it serves."""
    child = subprocess.Popen(
        [sys.executable, "-m", "shop"], cwd=SHOP, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={"PATH": os.environ["PATH"], "PORT": "0", "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )  # fmt: skip
    assert child.stdout is not None
    line = child.stdout.readline()
    return SimpleNamespace(process=child, port=int(line.rsplit(" ", 1)[1]))


def stop(shop: SimpleNamespace) -> int:
    shop.process.send_signal(signal.SIGTERM)
    return ended(shop)


def ended(shop: SimpleNamespace) -> int:
    code = shop.process.wait(ENOUGH)
    shop.process.stdout.close()
    return code


@pytest.fixture(scope="module")
def shop() -> Iterator[SimpleNamespace]:
    started = start(RELEASE_SHA=SHA, RELEASE_DIGEST=DIGEST, INSTANCE_ID=INSTANCE)
    yield started
    assert stop(started) == 0


def connect(shop: SimpleNamespace) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", shop.port, timeout=ENOUGH)


def fetch(
    shop: SimpleNamespace, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> SimpleNamespace:
    connection = connect(shop)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return SimpleNamespace(status=response.status, headers=response.headers, body=response.read().decode())
    finally:
        connection.close()


def post(shop: SimpleNamespace, path: str, form: str, **headers: str) -> SimpleNamespace:
    return fetch(shop, path, "POST", form, **{"Content-Type": "application/x-www-form-urlencoded", **headers})


def test_the_shop_is_the_release_that_the_environment_names(shop: SimpleNamespace):
    """Every page shows SHA, digest and instance; /version has them as JSON; every response has X-Release."""
    page = fetch(shop, "/")
    assert all(text in page.body for text in (SHA, DIGEST, INSTANCE))
    assert json.loads(fetch(shop, "/version").body) == {"sha": SHA, "digest": DIGEST, "instance": INSTANCE}
    for path in ("/", "/healthz", "/version", "/style.css", "/nothing"):
        assert fetch(shop, path).headers["X-Release"] == SHA
    assert fetch(shop, "/healthz").status == 200


def test_each_product_has_a_page_with_a_picture(shop: SimpleNamespace):
    """A dozen products, each with name, price and a picture that is well-formed."""
    paths = sorted(set(re.findall(r'href="(/product/[\w-]+)"', fetch(shop, "/").body)))
    assert len(paths) == 12
    for path in paths:
        page = fetch(shop, path)
        assert page.status == 200
        assert re.search(r"€ \d+\.\d\d", page.body)
        for picture in re.findall(r"<svg.*?</svg>", page.body, re.DOTALL):
            ET.fromstring(picture)  # noqa: S314  # our own


def test_the_cart_lives_in_the_cookie_alone(shop: SimpleNamespace):
    """What one instance puts into the cart, another shows and checks out."""
    other = start(RELEASE_SHA=SHA)
    try:
        added = post(shop, "/cart", "sku=harbour-mug&quantity=2&more=1")
        assert (added.status, added.headers["Location"]) == (303, "/cart")
        cookie = added.headers["Set-Cookie"].partition(";")[0]
        assert "HttpOnly" in added.headers["Set-Cookie"]
        shown = fetch(other, "/cart", Cookie=cookie).body
        assert "2 &times; € 24.00" in shown
        assert "€ 48.00" in shown
        more = post(other, "/cart", "sku=harbour-mug&quantity=3&more=1", Cookie=cookie)
        assert "cart=harbour-mug:5;" in more.headers["Set-Cookie"]
        removed = post(shop, "/cart", "sku=harbour-mug&quantity=0", Cookie=cookie)
        assert removed.headers["Set-Cookie"].startswith("cart=;")
        ordered = post(shop, "/checkout", "", Cookie=cookie)
        assert ordered.headers["Location"].startswith("/thanks?order=Q")
        assert "Thank you" in fetch(shop, ordered.headers["Location"]).body
    finally:
        assert stop(other) == 0


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("GET", "/nothing", None, {}), 404),
        (("GET", "/product/../../etc/passwd", None, {}), 404),
        (("POST", "/cart", "sku=nothing", {}), 400),
        (("POST", "/cart", "sku=harbour-mug&quantity=-1", {}), 400),
        (("POST", "/cart", "x" * 5000, {}), 413),
        (("PUT", "/", None, {}), 501),
        (("GET", "/cart", None, {"Cookie": "cart=harbour-mug:99.<script>:1.:.a"}), 200),
        (("GET", "/thanks?order=<script>", None, {}), 200),
    ],
)
def test_what_is_not_understood_is_refused(
    shop: SimpleNamespace, request_: tuple[str, str, str | None, dict[str, str]], status: int
):
    """Wrong paths, forms, methods and cookies get an answer with a status, and nothing of them into a page."""
    method, path, body, headers = request_
    answer = fetch(shop, path, method, body, **headers)
    assert answer.status == status
    assert "<script" not in answer.body


def test_a_connection_serves_several_requests(shop: SimpleNamespace):
    """HTTP/1.1: one connection, several responses with right lengths, HEAD and 304 without a body."""
    connection = connect(shop)
    connection.request("GET", "/style.css")
    style = connection.getresponse()
    style.read()
    kept = connection.sock
    for method, path, headers, status in (
        ("HEAD", "/", {}, 200),
        ("GET", "/style.css", {"If-None-Match": style.headers["ETag"]}, 304),
        ("GET", "/cart", {}, 200),
    ):
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        assert (response.status, bool(response.read())) == (status, path == "/cart")
    assert connection.sock is kept
    connection.close()


def test_sigterm_finishes_what_is_in_flight():
    """A request half sent at SIGTERM is answered, with Connection: close; idle connections end; the exit code is 0."""
    shop = start(RELEASE_SHA=SHA)
    idle = connect(shop)
    idle.request("GET", "/healthz")
    idle.getresponse().read()
    with socket.create_connection(("127.0.0.1", shop.port), timeout=ENOUGH) as slow:
        head = b"POST /cart HTTP/1.1\r\nHost: shop\r\nContent-Length: 25\r\nExpect: 100-continue\r\n\r\n"
        slow.sendall(head)
        assert slow.recv(100).startswith(b"HTTP/1.1 100")  # it has begun to read
        slow.sendall(b"sku=oak-tray&")
        shop.process.send_signal(signal.SIGTERM)
        assert idle.sock.recv(1) == b""  # the end of the idle connection: draining has begun
        slow.sendall(b"quantity=3&&")
        answer = b"".join(iter(lambda: slow.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 303")
    assert b"cart=oak-tray:3" in answer
    assert b"Connection: close" in answer
    idle.close()
    assert ended(shop) == 0


def test_sigterm_under_load_fails_no_request():
    """Requests one after another on kept connections, until SIGTERM: each that was answered was answered in full."""
    shop = start(RELEASE_SHA=SHA)
    busy = threading.Semaphore(0)

    def load() -> int:
        connection, answered = connect(shop), 0
        while True:
            try:
                connection.request("GET", "/")
            except ConnectionError:
                return answered
            try:
                response = connection.getresponse()
            except (ConnectionResetError, http.client.RemoteDisconnected, ConnectionRefusedError):
                return answered  # an idle connection that ended: the load balancer takes another
            assert response.status == 200
            assert response.read().endswith(b"</html>\n")
            answered += 1
            if answered == 6:
                busy.release()
            if response.headers["Connection"] == "close":
                return answered

    with concurrent.futures.ThreadPoolExecutor() as pool:
        loads = [pool.submit(load) for _ in range(4)]
        assert all(busy.acquire(timeout=ENOUGH) for _ in loads)
        shop.process.send_signal(signal.SIGTERM)
        assert all(future.result(ENOUGH) > 5 for future in loads)
    assert ended(shop) == 0


def test_a_wrong_port_is_one_clear_line():
    """PORT that is no number, or taken: one line, no traceback."""
    with socket.create_server(("0.0.0.0", 0)) as taken:
        for port, said in (("http", "PORT: must be a number"), (str(taken.getsockname()[1]), "PORT: cannot listen")):
            refused = subprocess.run(
                [sys.executable, "-m", "shop"], cwd=SHOP, env={"PORT": port, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True, text=True, timeout=ENOUGH, check=False,
            )  # fmt: skip
            assert refused.returncode != 0
            assert refused.stderr.startswith(said)
            assert len(refused.stderr.splitlines()) == 1


def test_the_shop_runs_on_python_3_9():
    """The syntax is that of Python 3.9, which is what the machine image ships, with no other library."""
    for module in (SHOP / "shop").glob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"), feature_version=(3, 9))
        imported = {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {name.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for name in n.names}
        assert imported <= sys.stdlib_module_names | {"shop"}
