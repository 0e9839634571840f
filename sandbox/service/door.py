"""Refuse the requests of web pages, whatever keys they have. Pure.

A page that a developer has open can send requests to loopback. A browser reveals itself by an Origin header or, if the
page's own host name was made to resolve to 127.0.0.1 (DNS rebinding), by the Host header.
"""

from __future__ import annotations

NAMES = ("127.0.0.1", "localhost")


def refusal(*, host: str | None, origin: str | None, port: int) -> str | None:
    """Return why a request to this port of loopback is refused; None if it is not."""
    if origin is not None:
        return "the sandbox does not answer web pages, and this request has an Origin header"
    if host not in [f"{name}:{port}" for name in NAMES]:
        return f"the Host header must be 127.0.0.1:{port} or localhost:{port}"
    return None
