"""The sandbox's credentials: those of a session, made anew at each start, and those of its instances.

Nothing in the sandbox answers without them: a web page can send requests to loopback, but it cannot know a key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cache

from sandbox.errors import SandboxError

ACCESS, SECRET, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"  # environment variables


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Credentials as an AWS SDK takes them; only a role's have a token."""

    access: str
    secret: str
    token: str = ""


def fresh() -> Keys:
    """Make new credentials in the form of AWS's long-lived keys."""
    return Keys(access=f"AKIA{secrets.token_hex(8).upper()}", secret=secrets.token_hex(20))


def of_session() -> Keys:
    """Read the credentials of the sandbox, or of a role in it, from the environment. Raises SandboxError if not set."""
    try:
        return Keys(access=os.environ[ACCESS], secret=os.environ[SECRET], token=os.environ.get(TOKEN, ""))
    except KeyError as missing:
        raise SandboxError(f"{missing} is not set; `python -m sandbox env` prints the keys of the sandbox") from None


@cache
def of_instance(instance: str, secret: str) -> Keys:
    """Derive an instance's credentials from its id and the session's secret. A role's keys begin with ASIA on AWS."""
    digest = hmac.new(secret.encode(), instance.encode(), hashlib.sha512).hexdigest()
    return Keys(access=f"ASIA{digest[:16].upper()}", secret=digest[16:56], token=digest[56:])


def bearer(session: Keys) -> dict[str, str]:
    """Return the header that `/_sandbox/`, `/machines/` and the balancer's description of itself require."""
    return {"Authorization": f"Bearer {session.secret}"}


def is_bearer(header: str | None) -> bool:
    """Return whether an Authorization header is that one."""
    expected = bearer(of_session())["Authorization"]
    return hmac.compare_digest((header or "").encode(), expected.encode())
