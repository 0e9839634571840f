"""Web identity tokens, which an identity provider gives out: in the sandbox, that is the sandbox itself.

JSON Web Tokens (RFC 7519) signed with a key that follows from the session's (HS256): the real providers publish their
keys on the Internet, where the emulator does not go. Only the standard library, because the emulator's start counts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, cast

GITHUB = "https://token.actions.githubusercontent.com"
_HEADER = {"alg": "HS256", "typ": "JWT"}


def made(claims: Mapping[str, Any], secret: str) -> str:
    """Return a signed token with these claims; `secret` is the session's."""
    signed = f"{_encoded(json.dumps(_HEADER).encode())}.{_encoded(json.dumps(dict(claims)).encode())}"
    return f"{signed}.{_encoded(_signature(signed, secret))}"


def read(token: str, secret: str) -> dict[str, Any] | None:
    """Return the claims of a token, or None if it is malformed or was signed by somebody else."""
    signed, _, signature = token.rpartition(".")
    try:
        if not hmac.compare_digest(_decoded(signature), _signature(signed, secret)):
            return None
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
    except ValueError:
        return None
    return cast("dict[str, Any]", claims) if header == _HEADER and isinstance(claims, dict) else None


def _signature(signed: str, secret: str) -> bytes:
    key = hmac.new(secret.encode(), b"web identity", hashlib.sha256).digest()
    return hmac.new(key, signed.encode(), hashlib.sha256).digest()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
