"""What every request to the emulator has to pass, before anything else looks at it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime, timezone
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from sandbox.aws.access import signature
from sandbox.aws.access.signature import Claim
from sandbox.aws.faults.requests import unauthenticated
from sandbox.aws.iam import principals, web_identity
from sandbox.service import door, keys

HEADERS = "slipway.headers"  # of a WSGI environ: the request's headers as they came (an email.message.Message)


def meet(environ: dict[str, Any], *, internal: str) -> Response | None:
    """Return the answer to a caller who may not ask; None lets the request go on.

    Paths that begin with `internal` ask for the session's secret itself, all others for a signature made with a key
    that the sandbox gave out.
    """
    headers: Message = environ[HEADERS]
    hosts = headers.get_all("Host") or [None]
    host = hosts[0] if len(hosts) == 1 else None
    said = door.refusal(host=host, origin=headers.get("Origin"), port=int(environ["SERVER_PORT"]))
    if said:
        return Response(f"{said}\n", 403, content_type="text/plain")
    if str(environ.get("PATH_INFO", "")).startswith(internal):
        return None if keys.is_bearer(headers.get("Authorization")) else _unknown()
    return _of_aws(environ, headers)


def _unknown() -> Response:
    return Response('{"error": "this needs the key of the sandbox\'s session"}', 401, content_type="application/json")


def _of_aws(environ: dict[str, Any], headers: Message) -> Response | None:
    raw = str(environ["REQUEST_URI"])
    url = raw if "://" in raw.partition("?")[0] else f"http://{headers['Host']}{raw}"
    claim = signature.claim(url, _plain(headers))
    if claim is None and "Authorization" not in headers and web_identity.is_one(environ):
        return None  # the token is what it has instead, which sandbox.aws.iam.guard looks at
    if claim is None or (claim.presigned and claim.service != "s3"):
        return unauthenticated("", "missing")
    known = principals.keys_of(claim.key)
    if known is None:
        return unauthenticated(claim.service, "unknown")
    if claim.is_over(datetime.now(timezone.utc)):
        return unauthenticated("s3", "over")
    body = _body(environ) if claim.service != "s3" else b""
    method, items = str(environ["REQUEST_METHOD"]), list(headers.items())
    if not signature.holds(claim, known, method=method, url=_reachable(url), headers=items, body=body):
        return unauthenticated(claim.service, "mismatch")
    _name_presigner(environ, claim)
    return None


def _plain(headers: Message) -> Mapping[str, str]:
    return {name: str(headers.get(name, "")) for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")}


def _reachable(url: str) -> str:
    """Return a URL in which a `#` in a raw path is not taken for a fragment."""
    return urlsplit(url)._replace(fragment="").geturl()


def _body(environ: dict[str, Any]) -> bytes:
    """Return the body, which can still be read again."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _name_presigner(environ: dict[str, Any], claim: Claim) -> None:
    """Put a presigned URL's credential into the header, where sandbox.aws.iam.calls and moto look for it."""
    if claim.presigned:
        scope = f"{claim.key}/{claim.date[:8]}/{claim.region}/{claim.service}/aws4_request"
        signed = ";".join(claim.headers)
        environ["HTTP_AUTHORIZATION"] = (
            f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, Signature={claim.signature}"
        )
