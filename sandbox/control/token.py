"""Give out what an identity provider would: `python -m sandbox token`."""

from __future__ import annotations

import argparse
import time

from sandbox.control import asking
from sandbox.paths import SANDBOX
from sandbox.service import tokens

LIFETIME = 300  # seconds; GitHub's tokens last about as long


def add(declare: asking.Declare) -> None:
    """Declare `token`."""
    parser = declare("token", help="print a web identity token, for STS's AssumeRoleWithWebIdentity")
    parser.add_argument("--subject", required=True, help="for example repo:OWNER/NAME:environment:prod")
    parser.add_argument("--audience", default="sts.amazonaws.com", help="default: sts.amazonaws.com")
    parser.add_argument("--issuer", default=tokens.GITHUB, help=f"default: {tokens.GITHUB}")
    parser.add_argument("--seconds", type=int, default=LIFETIME, help="until it expires (default: %(default)s)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    now = int(time.time())
    claims = {
        "iss": options.issuer,
        "aud": options.audience,
        "sub": options.subject,
        "iat": now,
        "exp": now + options.seconds,
    }
    print(tokens.made(claims, asking.running(SANDBOX).keys.secret))
    return 0
