"""Requests and their responses."""

from __future__ import annotations

import hashlib
import json
import secrets
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from shop import cart as carts
from shop.catalogue import PRODUCTS

STYLE = Path(__file__).with_name("style.css").read_bytes()
STYLE_TAG = f'"{hashlib.sha256(STYLE).hexdigest()[:16]}"'
LARGEST_FORM = 4096
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Handler(BaseHTTPRequestHandler):
    """One connection. `server` is the Server of this shop."""

    protocol_version = "HTTP/1.1"
    timeout = 75  # seconds a connection may be idle: longer than the load balancer keeps it
    wbufsize = 65536  # a response is sent in one piece
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        """Do as http.server does, and tell the server when this connection waits."""
        self.server.waits(self.connection)
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Do as http.server does, and tell the server that a request has arrived."""
        self.server.works(self.connection)
        return super().parse_request()

    def handle_expect_100(self) -> bool:
        """Answer at once, because the client waits with the body, and without a response's usual headers."""
        self.send_response_only(HTTPStatus.CONTINUE)
        super().end_headers()
        self.wfile.flush()
        return True

    def do_GET(self) -> None:
        """Serve the pages, the style sheet and the health check."""
        path = unquote(urlsplit(self.path).path)
        pages, cart = self.server.pages, self._cart()
        if path == "/healthz":
            self._answer(200, "ok\n", "text/plain")
        elif path == "/version":
            release = self.server.release
            body = {"sha": release.sha, "digest": release.digest, "instance": release.instance}
            self._answer(200, json.dumps(body) + "\n", "application/json")
        elif path == "/style.css":
            self._style()
        elif path == "/icon.svg":
            mark = self.server.release.mark().replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
            self._answer(200, mark, "image/svg+xml")
        elif path == "/":
            self._answer(200, pages.catalogue(cart))
        elif path == "/cart":
            self._answer(200, pages.cart(cart))
        elif path == "/thanks":
            order = parse_qs(urlsplit(self.path).query).get("order", ["?"])[0]
            self._answer(200, pages.thanks(order[:12]))
        elif path.startswith("/product/") and path[9:] in PRODUCTS:
            self._answer(200, pages.product(PRODUCTS[path[9:]], cart))
        else:
            self._answer(404, pages.problem(404, "There is no such page.", cart))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Change the cart, or check out."""
        form = self._form()
        if form is None:
            return
        cart = self._cart()
        path = urlsplit(self.path).path
        if path == "/cart":
            self._change(cart, form)
        elif path == "/checkout":
            if not cart:
                self._redirect("/cart", cart)
            else:
                self._redirect(f"/thanks?order=Q{secrets.token_hex(4)}", {})
        else:
            self._answer(404, self.server.pages.problem(404, "There is no such page.", cart))

    def _change(self, cart: dict[str, int], form: dict[str, str]) -> None:
        sku, quantity = form.get("sku", ""), form.get("quantity", "1")
        if sku not in PRODUCTS or not (quantity.isascii() and quantity.isdigit() and len(quantity) < 4):
            self._answer(400, self.server.pages.problem(400, "That can't be put into a cart.", cart))
            return
        wanted = int(quantity) + (cart.get(sku, 0) if form.get("more") else 0)
        self._redirect("/cart", carts.changed(cart, sku, wanted))

    def _form(self) -> dict[str, str] | None:
        """Return the posted form; None if it was not acceptable, in which case an error was sent."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > LARGEST_FORM:
            self.close_connection = True  # the body is not read, so the next request can't be found
            status = 411 if not length else 413
            self._answer(status, self.server.pages.problem(status, "That form can't be taken.", self._cart()))
            return None
        fields = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        return {name: values[0] for name, values in fields.items()}

    def _cart(self) -> dict[str, int]:
        return carts.read(self.headers.get("Cookie"))

    def _style(self) -> None:
        headers = [("ETag", STYLE_TAG), ("Cache-Control", "no-cache")]
        if self.headers.get("If-None-Match") == STYLE_TAG:
            self._send(304, b"", headers)
        else:
            self._send(200, STYLE, [("Content-Type", "text/css; charset=utf-8"), *headers])

    def _answer(self, status: int, text: str, kind: str = "text/html") -> None:
        headers = [("Content-Type", f"{kind}; charset=utf-8"), ("Cache-Control", "no-store")]
        self._send(status, text.encode(), headers)

    def _redirect(self, location: str, cart: dict[str, int]) -> None:
        secure = self.headers.get("X-Forwarded-Proto") == "https"
        cookie = carts.cookie(cart, secure=secure)
        self._send(303, b"", [("Location", location), ("Set-Cookie", cookie), ("Cache-Control", "no-store")])

    def _send(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        if self.server.draining or self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def end_headers(self) -> None:
        """Do as http.server does, and add the headers that every response has."""
        self.send_header("X-Release", self.server.release.sha)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "same-origin")
        super().end_headers()

    def version_string(self) -> str:
        """Return the Server header."""
        return "quayside"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write one line for each request except health checks."""
        if getattr(self, "path", "") != "/healthz":
            super().log_request(code, size)
