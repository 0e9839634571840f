"""Whom a request is for, and who sent it: read from its signature and its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

import botocore.session
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.s3.models import s3_backends

from sandbox.aws.iam import principals
from sandbox.aws.iam.calls import signed

_COPY = "HTTP_X_AMZ_COPY_SOURCE"
_CONTROL = "/v20180820/"  # the paths of S3 Control, which signs for s3


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """One request: the service and region that it is for, and what it touches.

    `bucket_region` is None unless the request is about a bucket that exists. `instance_region` is the region of the
    instance that sent it, None for a caller that is no instance.
    """

    service: str
    region: str
    bucket: str | None
    bucket_region: str | None
    source_bucket: str | None
    """The bucket that an object is copied from."""
    instance_region: str | None

    @property
    def place(self) -> str:
        """Return the region that does the work: for S3, the bucket's."""
        return self.bucket_region or self.region

    @property
    def regions(self) -> frozenset[str]:
        """Return every region without which the request can't be carried out."""
        return frozenset(filter(None, (self.region, self.bucket_region, region_of(self.source_bucket))))


def read(environ: Mapping[str, Any]) -> Addressee:
    """Read a request whose signature was verified."""
    by = signed(environ)
    service, region, key = (by.service, by.region, by.key) if by else ("s3", "us-east-1", "")
    path = str(environ.get("PATH_INFO", ""))
    if service == "s3" and path.startswith(_CONTROL):
        service = "s3control"
    bucket = _bucket(path) if service == "s3" else None
    return Addressee(
        service=service,
        region=home(service, region),
        bucket=bucket,
        bucket_region=region_of(bucket),
        source_bucket=_bucket(unquote(str(environ.get(_COPY, "")))) if service == "s3" else None,
        instance_region=principals.region_of(key),
    )


@cache
def home(service: str, region: str) -> str:
    """Return the region of the endpoint that serves a client of this region: us-east-1 for a global service.

    To an endpoint of its own (AWS_ENDPOINT_URL), an SDK signs also for a global service with the client's region.
    """
    found = botocore.session.get_session().get_component("endpoint_resolver").construct_endpoint(service, region)
    if found and found.get("endpointName") == "aws-global":
        return str(found["credentialScope"]["region"])
    return region


def region_of(bucket: str | None) -> str | None:
    """Return the region that a bucket lies in; None if there is no such bucket, in whosever account."""
    if bucket is None:
        return None
    _, account = s3_backends.bucket_accounts.get(bucket, ("aws", ACCOUNT))
    found = s3_backends[account]["aws"].buckets.get(bucket)
    return str(found.region_name) if found else None


def _bucket(path: str) -> str | None:
    """Return the bucket in a path `/bucket/key`; there are no virtual hosts here."""
    return path.lstrip("/").partition("/")[0] or None
