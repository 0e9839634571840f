"""Which operation a request asks for, of which service, and with which parameters: read by botocore's own models."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

_CLIENTS = {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}
"""boto3's name of a service, where it is not the one that requests are signed with."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: the service as it is signed for (`monitoring`), and boto3's parameters.

    S3 Control signs for `s3` too; here it is `s3control`.
    """

    service: str
    operation: str
    region: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Signed:
    """Who signed a request, and for what."""

    key: str
    region: str
    service: str


def signed(environ: Mapping[str, Any]) -> Signed | None:
    """Return the signature's scope, `<key>/<date>/<region>/<service>/aws4_request`, or None if unsigned."""
    _, _, scope = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")
    parts = scope.partition(",")[0].split("/")
    return Signed(key=parts[0], region=parts[2], service=parts[3]) if len(parts) == 5 else None


def read(environ: dict[str, Any], by: Signed) -> Call | None:
    """Read the call without consuming its body; None for an unknown operation.

    Of S3's bodies only a replication configuration is read: no other decides who may do what, and they are large.
    """
    service = "s3control" if by.service == "s3" and environ["PATH_INFO"].startswith("/v20180820/") else by.service
    name = _CLIENTS.get(service, service)
    body = b""
    if name != "s3" or _is_replication(environ):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
    request = Request({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    try:
        operation, uri = get_service_router(name).match(request)
    except (NotFound, NotImplementedError):
        return None
    if name == "s3" and (source := environ.get("HTTP_X_AMZ_COPY_SOURCE")):
        uri = {**uri, "CopySource": unquote(str(source)).lstrip("/")}
    return Call(
        service=service,
        operation=str(operation.name),
        region=by.region,
        parameters=uri if not body and name == "s3" else {**uri, **_parameters(name, operation, request, uri)},
    )


def _is_replication(environ: Mapping[str, Any]) -> bool:
    """Return whether this is PutBucketReplication, which hands a role to S3."""
    query = str(environ.get("QUERY_STRING", "")).partition("&")[0]
    return query in ("replication", "replication=") and environ.get("REQUEST_METHOD") == "PUT"


def _parameters(name: str, operation: Any, request: Request, uri: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    protocol = determine_request_protocol(get_service_model(name), request.content_type)
    return PROTOCOL_PARSERS[protocol](operation, map_type=dict).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": uri,
        }
    )
