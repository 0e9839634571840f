"""AWS Signature Version 4 from the receiving side: botocore's own signer signs the request again.

As the IAM user guide has it ("AWS Signature Version 4 for API requests"). A body is bound to the signature by its hash;
that of an S3 object, which is large, is not hashed again: the header that holds its hash is signed.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.auth import UNSIGNED_PAYLOAD, SigV4Auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

from sandbox.service.keys import Keys

_HEADER = re.compile(r"AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})")
_DATE = "%Y%m%dT%H%M%SZ"
_BODY_HASH = "X-Amz-Content-SHA256"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a request says of its signature."""

    key: str
    region: str
    service: str
    headers: tuple[str, ...]
    """Names of the signed headers, in lower case."""
    signature: str
    date: str
    token: str
    expires: int | None = None
    """Seconds for which a presigned URL may be used; None where the signature is a header."""

    @property
    def presigned(self) -> bool:
        """Return whether the signature is part of the URL."""
        return self.expires is not None

    def is_over(self, now: datetime) -> bool:
        """Return whether it is a presigned URL whose time has passed."""
        signed = datetime.strptime(self.date, _DATE).replace(tzinfo=timezone.utc)
        return self.expires is not None and now > signed + timedelta(seconds=self.expires)


def claim(url: str, headers: Mapping[str, str]) -> Claim | None:
    """Read the claim from the Authorization header or a presigned URL's query; None if it is missing or malformed."""
    found = _HEADER.fullmatch(headers.get("Authorization", "").strip())
    try:
        if found:
            date, token = headers.get("X-Amz-Date", ""), headers.get("X-Amz-Security-Token", "")
            return _claim(found[1], found[2], signature=found[3], date=date, token=token)
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        return _claim(
            query["X-Amz-Credential"],
            query["X-Amz-SignedHeaders"],
            signature=query["X-Amz-Signature"],
            date=query["X-Amz-Date"],
            token=query.get("X-Amz-Security-Token", ""),
            expires=min(int(query["X-Amz-Expires"]), 7 * 86400),
        )
    except (KeyError, ValueError, OverflowError):
        return None


def _claim(scope: str, signed: str, *, signature: str, date: str, token: str, expires: int | None = None) -> Claim:
    key, day, region, service, _ = scope.rsplit("/", 4)
    datetime.strptime(date, _DATE)
    if not date.startswith(day) or "host" not in signed.split(";"):
        raise ValueError(scope)
    return Claim(
        key=key,
        region=region,
        service=service,
        headers=tuple(signed.split(";")),
        signature=signature,
        date=date,
        token=token,
        expires=expires,
    )


def holds(claim: Claim, keys: Keys, *, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> bool:
    """Return whether these keys made the signature; `url` and `headers` as received, `body` is ignored for S3."""
    request = AWSRequest(method=method, url=_without_signature(url) if claim.presigned else url, data=body)
    for name, value in headers:
        request.headers.add_header(name, value)
    request.context["timestamp"] = claim.date
    if claim.presigned and _BODY_HASH not in request.headers:
        request.headers[_BODY_HASH] = UNSIGNED_PAYLOAD
    signer = _Signer(keys, claim)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return _same(str(signature), claim.signature) and _same(keys.token, claim.token)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _without_signature(url: str) -> str:
    parts = urlsplit(url)
    kept = [pair for pair in parts.query.split("&") if not pair.startswith("X-Amz-Signature=")]
    return parts._replace(query="&".join(kept)).geturl()


class _Signer(SigV4Auth):
    """Signs the headers that the client signed: each SDK leaves out others."""

    def __init__(self, keys: Keys, claim: Claim) -> None:
        super().__init__(Credentials(keys.access, keys.secret), claim.service, claim.region)
        self._claim = claim

    def headers_to_sign(self, request: Any) -> Any:  # noqa: ANN401  # botocore has no types
        """Return the headers that the claim names."""
        chosen = HTTPHeaders()
        for name, value in request.headers.items():
            if name.lower() in self._claim.headers:
                chosen.add_header(name.lower(), value)
        return chosen

    def _normalize_url_path(self, path: str) -> str:
        """Leave the path as it is, as S3 signs it."""
        return path or "/" if self._claim.service == "s3" else super()._normalize_url_path(path)
