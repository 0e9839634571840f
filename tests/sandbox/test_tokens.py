"""Web identity tokens of the sandbox: only the session that made one is believed."""

from __future__ import annotations

import base64
import json

import pytest

from sandbox.service import tokens

CLAIMS = {"iss": tokens.GITHUB, "sub": "repo:acme/shop:environment:prod"}


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_was_said_is_read():
    """The claims come back as they were."""
    assert tokens.read(tokens.made(CLAIMS, "secret"), "secret") == CLAIMS


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "x.y.z",
        tokens.made(CLAIMS, "another"),
        tokens.made(CLAIMS, "secret")[:-2],
        f"{part({'alg': 'none'})}.{part(CLAIMS)}.",
        tokens.made(CLAIMS, "secret").replace(part(CLAIMS), part({**CLAIMS, "sub": "repo:acme/shop:environment:x"})),
        "é.é.é",
    ],
)
def test_what_was_tampered_with_is_not(token: str):
    """Not signed, signed by another session, cut off, or changed."""
    assert tokens.read(token, "secret") is None
