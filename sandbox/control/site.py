"""Where a deployed site is on this machine: its domain leads nowhere here, and port 443 is another one."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from release import names
from sandbox.control.asking import ask
from sandbox.control.session import State
from sandbox.errors import SandboxError

ANSWER = 10.0  # seconds for the one request that shows that the release serves


def here(url: str, *, stack: str, region: str, state: State) -> str:
    """Return the URL at which this machine finds what a stack serves at `url`."""
    if not url.startswith("https:"):
        return url  # plain HTTP is where its URL says
    _, document = ask(state, "aws", "GET", "/_sandbox/load-balancers?wait=0")
    return local(url, document, stack=stack, region=region)


def local(url: str, document: Mapping[str, Any], *, stack: str, region: str) -> str:
    """Return the same for HTTPS, given what `GET /_sandbox/load-balancers` says. Pure."""
    wanted = (names.balancer_name(stack), region)
    found = [
        f"https://{balancer['address']}:{listener['local_port']}"
        for balancer in document["load_balancers"]
        for listener in balancer["listeners"]
        if (balancer["name"], balancer["region"]) == wanted and listener["port"] == 443 and listener["local_port"]
    ]
    return found[0] if found else url


def fetch(url: str) -> None:
    """Raise SandboxError unless the URL answers. A 4xx is an answer: the app may have no page at /."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the balancer signs its own certificate
    no_proxy = urllib.request.ProxyHandler({})  # it is on this machine
    opener = urllib.request.build_opener(no_proxy, urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(url, timeout=ANSWER) as answer:
            answer.read(1)
    except urllib.error.HTTPError as error:
        if error.code < 500:
            return
        raise SandboxError(f"deployed, but {url} answers {error.code}; see .sandbox/log") from None
    except (OSError, http.client.HTTPException) as error:
        raise SandboxError(f"deployed, but {url} does not answer: {error}; see .sandbox/log") from None
