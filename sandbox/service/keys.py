"""The sandbox's credentials: those of a session, new with each, and those that its instances are given.

Without them nothing of the sandbox answers: a web page can send requests to loopback, but it can't know a key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cache

from sandbox.errors import SandboxError

ACCESS, SECRET, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"  # names of variables


@dataclass(frozen=True, kw_only=True)
class Keys:
    """As an AWS SDK takes them; only a role's have a token."""

    access: str
    secret: str
    token: str = ""


def fresh() -> Keys:
    """New ones, in the form of AWS's long-lived keys."""
    return Keys(access=f"AKIA{secrets.token_hex(8).upper()}", secret=secrets.token_hex(20))


def of_session() -> Keys:
    """Those of this process's sandbox, or of a role in it. Raises SandboxError where its environment has none."""
    try:
        return Keys(access=os.environ[ACCESS], secret=os.environ[SECRET], token=os.environ.get(TOKEN, ""))
    except KeyError as missing:
        raise SandboxError(f"{missing} is not set; `python -m sandbox env` prints the keys of the sandbox") from None


@cache
def of_instance(instance: str, secret: str) -> Keys:
    """Each instance has its own, by its id and the session's secret; ASIA is what AWS's keys of a role begin with."""
    digest = hmac.new(secret.encode(), instance.encode(), hashlib.sha512).hexdigest()
    return Keys(access=f"ASIA{digest[:16].upper()}", secret=digest[16:56], token=digest[56:])


def bearer(session: Keys) -> dict[str, str]:
    """The header that the sandbox's own interfaces (`/_sandbox/`, `/machines/`, the balancer's account) ask for."""
    return {"Authorization": f"Bearer {session.secret}"}


def is_bearer(header: str | None) -> bool:
    """Whether an Authorization header is that one."""
    expected = bearer(of_session())["Authorization"]
    return hmac.compare_digest((header or "").encode(), expected.encode())
