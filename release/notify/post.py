"""Posts JSON to a webhook: TLS verified, no redirect followed, nothing of the answer but its status read."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

CONNECT, TOTAL = 5.0, 10.0
"""Seconds to connect, and altogether, with the second try."""
_AGAIN = {429, 502, 503, 504}
"""Statuses after which nothing was done, so that it is asked once more."""
_TRIES = 2
_PAUSE = 1.0
"""Seconds before the second try."""


class NotSentError(Exception):
    """The other side did not take it; the message says why, without its address."""


def post(address: str, message: Mapping[str, object]) -> None:
    """Post the message. Raises NotSentError; the caller bounds the time of it all."""
    body = json.dumps(message).encode()
    for attempt in range(1, _TRIES + 1):
        status = _once(address, body, may_fail=attempt < _TRIES)
        if status is not None and 200 <= status < 300:
            return
        if (status is None or status in _AGAIN) and attempt < _TRIES:
            time.sleep(_PAUSE)
            continue
        raise NotSentError(_refused(status))


def _once(address: str, body: bytes, *, may_fail: bool) -> int | None:
    """Return the status of the answer; None where no connection came about, and it `may_fail`."""
    headers = {"Content-Type": "application/json", "User-Agent": "slipway"}
    timeout = urllib3.Timeout(connect=CONNECT, read=TOTAL)
    try:
        with _manager(address) as http:
            answer = http.request(
                "POST", address, body=body, headers=headers, timeout=timeout, retries=False, preload_content=False
            )
            answer.close()
            return answer.status
    except HTTPError as error:
        if may_fail and isinstance(error, NewConnectionError) and not isinstance(error, NameResolutionError):
            return None
        raise NotSentError(_why(error)) from None
    except (OSError, ValueError) as error:
        raise NotSentError(f"it could not be asked ({type(error).__name__})") from None


def _manager(address: str) -> urllib3.PoolManager:
    """Return what connects, through the proxy that the environment names, and trusts whom OpenSSL is told to trust."""
    parts, context = urlsplit(address), ssl.create_default_context()
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy, ssl_context=context)
    return urllib3.PoolManager(ssl_context=context)


def _refused(status: int | None) -> str:
    if status is not None and 300 <= status < 400:
        return f"it answered {status}, and a redirect is not followed: set the address that it leads to"
    if status in (401, 403, 404, 410):
        return f"it answered {status}: the webhook is gone, or its address is another one"
    return f"it answered {status}"


def _why(error: HTTPError) -> str:
    """Return why there is no answer. The error's own text names the address, which is a secret."""
    if isinstance(error, SSLError):
        reason = getattr(error.args[0] if error.args else None, "verify_message", "") or "TLS failed"
        return f"its certificate is not trusted ({reason})" if reason != "TLS failed" else "TLS could not be agreed on"
    known = (
        (NameResolutionError, "there is no such host"),
        (NewConnectionError, "nothing listens there"),  # a kind of ConnectTimeoutError, for urllib3
        (ConnectTimeoutError, f"no connection within {CONNECT:g} s"),
        (ReadTimeoutError, f"no answer within {TOTAL:g} s"),
        (ProxyError, "the proxy (HTTPS_PROXY) does not let it through"),
    )
    return next((said for kind, said in known if isinstance(error, kind)), f"it failed ({type(error).__name__})")
