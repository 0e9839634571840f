"""The page that clients get, and who gets the app all the same. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

LIMIT = 1024
"""Characters that the balancer answers with at most (FixedResponseActionConfig)."""
TYPES = {".html": "text/html", ".htm": "text/html", ".txt": "text/plain", ".json": "application/json"}
"""By the ending of a file's name."""

_USUAL = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="30">
<meta name="viewport" content="width=device-width"><title>Back soon</title></head>
<body style="font-family:sans-serif;text-align:center;margin:20vh 1em"><h1>Back soon</h1>
<p>We are working on this site. This page looks again every 30 seconds.</p></body></html>
"""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the balancer answers with, and its content type."""

    body: str = _USUAL
    type: str = "text/html"


def page(name: str, content: bytes) -> Page:
    """Return the page that a file has. Raises ValueError with what is wrong.

    In HTML, what is not ASCII becomes character references, so that the balancer's encoding does not matter.
    """
    kind = next((kind for ending, kind in TYPES.items() if name.lower().endswith(ending)), None)
    if kind is None:
        raise ValueError(f"its name must end with one of {', '.join(TYPES)}, which says what it is")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if kind == "text/html":
        text = text.encode("ascii", "xmlcharrefreplace").decode()
    if not text.strip():
        raise ValueError("it is empty")
    if not text.isascii():
        raise ValueError("it has letters beyond ASCII, which only HTML can have here")
    if len(text) > LIMIT:
        raise ValueError(f"it has {len(text)} characters, and the balancer answers with {LIMIT} at most")
    return Page(body=text, type=kind)


def block(text: str) -> str:
    """Return a block of addresses as the balancer takes it. Raises ValueError with what is wrong."""
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"{text[:100]!r} is no address or block of addresses (203.0.113.7, 198.51.100.0/24)") from None
    if found.prefixlen == 0:
        raise ValueError(f"{text} is everybody: then nobody would get the page")
    return str(found)
