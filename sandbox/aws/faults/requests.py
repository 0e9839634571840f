"""What a fault does to one request: late, reset or refused before anything is done; or done, and the answer lost."""

from __future__ import annotations

import json
import random
import socket
import struct
import time
from datetime import datetime, timedelta, timezone
from typing import Any, NoReturn

from werkzeug.wrappers import Response

from sandbox.aws.faults.models import Faults

_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: a close that is a reset
_SKEW = timedelta(minutes=15)  # what AWS allows between its clock and that of who signed the request
_JSON = ("logs", "ssm", "acm", "kms", "monitoring", "servicequotas", "tagging")


_UNAUTHENTICATED = {
    "missing": ("AccessDenied", "", "", "The request bears no signature: `make shell` has the sandbox's keys"),
    "unknown": (
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "The access key is none of this sandbox's: `make shell` has those it takes; each start makes new ones",
    ),
    "mismatch": (
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "The request signature that the sandbox calculated does not match the one that was sent",
    ),
    "over": ("AccessDenied", "", "", "Request has expired"),
}
"""Error codes of S3, of the query protocol and of JSON ones, and what is said."""


def concern(environ: dict[str, Any], faults: Faults) -> bool:
    """Return whether the faults apply to the sender: an instance's keys, as those of any role, begin with ASIA."""
    instance = "Credential=ASIA" in str(environ.get("HTTP_AUTHORIZATION", ""))
    return faults.only == "" or instance == (faults.only == "instances")


def meet(environ: dict[str, Any], faults: Faults) -> Response | None:
    """Return the error to answer with, or None to go on; raise ConnectionResetError to cut the connection.

    It has changed nothing in any case.
    """
    time.sleep(faults.latency)
    if random.random() < faults.reset:  # noqa: S311  # chance, not secrecy
        hang_up(environ)
    service = _service(environ)
    if faults.expired:
        return _expired(service)
    if random.random() < faults.throttle:  # noqa: S311
        return _throttled(service)
    if faults.clock and _off(str(environ.get("HTTP_X_AMZ_DATE", "")), faults.clock):
        return _skewed(service)
    if service == "s3" and faults.deny and environ.get("REQUEST_METHOD") in ("GET", "HEAD"):
        path = str(environ.get("PATH_INFO", "")).lstrip("/").partition("/")[2]
        if path and path.startswith(faults.deny):
            return _xml("Error", "AccessDenied", "Access Denied", 403)
    return None


def lose(environ: dict[str, Any], faults: Faults) -> None:
    """Raise ConnectionResetError after a request was carried out, if its answer is to be lost."""
    if random.random() < faults.lose:  # noqa: S311
        hang_up(environ)


def hang_up(environ: dict[str, Any]) -> NoReturn:
    """Reset the caller's connection: no answer, and nothing to wait for."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("a fault on request")


def _service(environ: dict[str, Any]) -> str:
    """Return the service in the signature's scope: `Credential=<key>/<date>/<region>/<service>/aws4_request`."""
    _, _, scope = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")
    parts = scope.partition(",")[0].split("/")
    return parts[3] if len(parts) > 3 else "s3"


def _throttled(service: str) -> Response:
    """Return the throttling error in the words and format of each service's protocol (botocore's models)."""
    if service == "s3":
        return _xml("Error", "SlowDown", "Please reduce your request rate.", 503)
    if service == "ec2":
        return _ec2("RequestLimitExceeded", "Request limit exceeded.", 503)
    if service in _JSON:
        return _json(service, "ThrottlingException", "Throttling", "Rate exceeded")
    return _xml("ErrorResponse", "Throttling", "Rate exceeded", 400)


def denied(service: str, message: str) -> Response:
    """Return the error for what the caller's policies do not allow."""
    if service == "s3":
        return _xml("Error", "AccessDenied", message, 403)
    if service == "ec2":
        return _ec2("UnauthorizedOperation", message, 403)
    if service in _JSON:
        return _json(service, "AccessDeniedException", "AccessDenied", message)
    return _xml("ErrorResponse", "AccessDenied", message, 403)


def refused(service: str, code: str, message: str) -> Response:
    """Return an error that is the caller's, of a service of the query protocol."""
    return _xml("Error" if service == "s3" else "ErrorResponse", code, message, 400)


def unauthenticated(service: str, why: str) -> Response:
    """Return the error for a signature that is `missing`, `unknown`, a `mismatch`, or `over` (an expired URL)."""
    s3, query, json_code, said = _UNAUTHENTICATED[why]
    if service == "ec2":
        return _ec2("AuthFailure", said, 401)
    if service in _JSON:
        return _json(service, json_code, query, said)
    if service in ("s3", ""):
        return _xml("Error", s3, said, 403)
    return _xml("ErrorResponse", query, said, 403)


def unavailable(service: str) -> Response:
    """Return the error of a control plane that is down, which SDKs try again on: ServiceUnavailable, 503."""
    said = "The request has failed due to a temporary failure of the server."
    if service == "s3":
        return _xml("Error", "ServiceUnavailable", said, 503)
    if service == "ec2":
        return _ec2("Unavailable", said, 503)
    if service in _JSON:
        return _json(service, "ServiceUnavailableException", "ServiceUnavailable", said, 503)
    return _xml("ErrorResponse", "ServiceUnavailable", said, 503, sender=False)


def _expired(service: str) -> Response:
    said = "The security token included in the request is expired"
    if service == "s3":
        return _xml("Error", "ExpiredToken", "The provided token has expired.", 400)
    if service == "ec2":
        return _ec2("RequestExpired", "Request has expired.", 400)
    if service in _JSON:
        return _json(service, "ExpiredTokenException", "ExpiredToken", said)
    return _xml("ErrorResponse", "ExpiredToken", said, 403)


def _off(signed: str, clock: float) -> bool:
    try:
        at = datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:  # not signed, or presigned
        return False
    return abs(datetime.now(timezone.utc) + timedelta(seconds=clock) - at) > _SKEW


def _skewed(service: str) -> Response:
    """Return the error for a wrong clock: S3 and EC2 have their own, other services blame the signature."""
    if service == "s3":
        said = "The difference between the request time and the current time is too large."
        return _xml("Error", "RequestTimeTooSkewed", said, 403)
    if service == "ec2":
        return _ec2("RequestExpired", "Request has expired.", 400)
    said = "Signature expired: it was made more than 15 min from now"
    if service in _JSON:
        return _json(service, "InvalidSignatureException", "SignatureDoesNotMatch", said)
    return _xml("ErrorResponse", "SignatureDoesNotMatch", said, 403)


def _json(service: str, code: str, query_code: str, message: str, status: int = 400) -> Response:
    headers = {"x-amzn-ErrorType": code}
    if service == "monitoring":  # CloudWatch came from the query protocol, and keeps its codes (awsQueryCompatible)
        headers["x-amzn-query-error"] = f"{query_code};Sender"
    body = json.dumps({"__type": code, "message": message})
    return Response(body, status, headers, content_type="application/x-amz-json-1.1")


def _xml(root: str, code: str, message: str, status: int, *, sender: bool = True) -> Response:
    said = f"<Code>{code}</Code><Message>{message}</Message>"
    inner = said if root == "Error" else f"<Error><Type>{'Sender' if sender else 'Receiver'}</Type>{said}</Error>"
    return _answer(f"<{root}>{inner}<RequestId>fault</RequestId></{root}>", status)


def _ec2(code: str, message: str, status: int) -> Response:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return _answer(f"<Response><Errors>{error}</Errors><RequestID>fault</RequestID></Response>", status)


def _answer(body: str, status: int) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{body}', status, content_type="text/xml")
