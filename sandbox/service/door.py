"""Who is not let in, whatever they know: web pages. Pure.

A page that a developer has open can send requests to loopback. A browser gives itself away by an Origin header, and
where the page's own name was made to resolve to 127.0.0.1 (DNS rebinding) by the Host.
"""

from __future__ import annotations

NAMES = ("127.0.0.1", "localhost")


def refusal(*, host: str | None, origin: str | None, port: int) -> str | None:
    """Why a request to this port of loopback is refused; None where it is not."""
    if origin is not None:
        return "the sandbox answers no web page: the request has an Origin header"
    if host not in [f"{name}:{port}" for name in NAMES]:
        return f"the sandbox is 127.0.0.1:{port}, and no other Host"
    return None
