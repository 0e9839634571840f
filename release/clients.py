"""Makes boto3 clients that are bounded in time and patient with throttling, and explains their errors."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import urlsplit, urlunsplit

import boto3.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from release.errors import ReleaseError, StoreError

if TYPE_CHECKING:
    from types_boto3_acm import ACMClient
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_iam import IAMClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_route53 import Route53Client
    from types_boto3_s3 import S3Client
    from types_boto3_s3control import S3ControlClient
    from types_boto3_service_quotas import ServiceQuotasClient
    from types_boto3_sns import SNSClient
    from types_boto3_sts import STSClient

_ONE_AT_A_TIME = threading.Lock()
"""Clients may be used by several threads, but sessions may not (boto3's guide, "Multithreading")."""
ATTEMPTS = 10
CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=32,
)
"""Adaptive retries slow down where AWS throttles (botocore's documentation of `retries`)."""
SHORTLY = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=5, max_pool_connections=32
)
"""For what can go on without an answer: the region that is asked may be dark."""

FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""What a call to AWS raises: refused, not reached, or answered by something else, such as a proxy."""

_EXPIRED = {"ExpiredToken", "ExpiredTokenException"}
_SKEWED = {"RequestTimeTooSkewed", "RequestExpired"}
_INVALID = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "UnrecognizedClientException"}
_DENIED = {"AccessDenied", "403", "Forbidden", "UnauthorizedOperation", "AccessDeniedException"}
_THROTTLED = {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "503", "ServiceUnavailable"}


@overload
def client(service: Literal["acm"], region: str | None = None, config: Config = CONFIG) -> ACMClient: ...
@overload
def client(
    service: Literal["autoscaling"], region: str | None = None, config: Config = CONFIG
) -> AutoScalingClient: ...
@overload
def client(service: Literal["cloudwatch"], region: str | None = None, config: Config = CONFIG) -> CloudWatchClient: ...
@overload
def client(service: Literal["ec2"], region: str | None = None, config: Config = CONFIG) -> EC2Client: ...
@overload
def client(
    service: Literal["elbv2"], region: str | None = None, config: Config = CONFIG
) -> ElasticLoadBalancingv2Client: ...
@overload
def client(service: Literal["iam"], region: str | None = None, config: Config = CONFIG) -> IAMClient: ...
@overload
def client(service: Literal["logs"], region: str | None = None, config: Config = CONFIG) -> CloudWatchLogsClient: ...
@overload
def client(  # their answers are read in one place each (review/tagged.py, notify/stored.py, infra/plan/lookup.py)
    service: Literal["kms", "resourcegroupstaggingapi", "ssm", "wafv2"],
    region: str | None = None,
    config: Config = CONFIG,
) -> Any: ...  # noqa: ANN401
@overload
def client(service: Literal["route53"], region: str | None = None, config: Config = CONFIG) -> Route53Client: ...
@overload
def client(service: Literal["s3"], region: str | None = None, config: Config = CONFIG) -> S3Client: ...
@overload
def client(service: Literal["s3control"], region: str | None = None, config: Config = CONFIG) -> S3ControlClient: ...
@overload
def client(
    service: Literal["service-quotas"], region: str | None = None, config: Config = CONFIG
) -> ServiceQuotasClient: ...
@overload
def client(service: Literal["sns"], region: str | None = None, config: Config = CONFIG) -> SNSClient: ...
@overload
def client(service: Literal["sts"], region: str | None = None, config: Config = CONFIG) -> STSClient: ...
def client(service: str, region: str | None = None, config: Config = CONFIG) -> BaseClient:
    """Return a client for a service in a region, or in the environment's. Raises StoreError if none is set."""
    with explained(f"use {service}", "this machine"), _ONE_AT_A_TIME:
        settings = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
        session = _session(region or os.environ.get("AWS_REGION"), settings)
        if session.region_name is None:  # some services would get a global endpoint
            raise NoRegionError
        made = session.client(service, config=config)
        made.meta.events.register("before-call.s3-control", _without_account)
        return made


def _without_account(params: dict[str, Any], **_unused: object) -> None:
    """Have S3 Control's host be the endpoint itself where that is an address: `ACCOUNT.10.0.0.1` is no host.

    botocore puts the account before whatever AWS_ENDPOINT_URL names (its endpoint rules of s3control); the account is
    in a header as well.
    """
    url = urlsplit(params["url"])
    account, _, host = (url.hostname or "").partition(".")
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        params["url"] = urlunsplit(url._replace(netloc=url.netloc.removeprefix(f"{account}.")))


@cache
def _session(region: str | None, _settings: tuple[tuple[str, str], ...]) -> boto3.session.Session:
    """Return one session for all clients: each session reads the models of its services again, 0.1 s each."""
    return boto3.session.Session(region_name=region)


def code(error: ClientError) -> str:
    """Return the error code that AWS answered with."""
    return str(error.response.get("Error", {}).get("Code", ""))


def lacks_log(error: ClientError) -> bool:
    """Return whether a log group or stream does not exist: nobody has got far enough to write to it."""
    return code(error).removesuffix("Fault") == "ResourceNotFoundException"


@contextmanager
def explained(action: str, where: str, raising: type[ReleaseError] = StoreError) -> Generator[None]:
    """Turn what boto3 raises in the block into one line: what could not be done, where, and how to fix it."""
    try:
        yield
    except FAILURES as error:
        raise raising(f"{where}: could not {action}: {_advice(error)}") from error


def _advice(error: Exception) -> str:
    if isinstance(error, ClientError):
        return _advice_on_answer(error)
    if isinstance(error, (NoCredentialsError, PartialCredentialsError, TokenRetrievalError)):
        return f"no AWS credentials ({error}): sign in (`aws sso login`) or set AWS_PROFILE"
    if isinstance(error, NoRegionError):
        return "no AWS region is set: set AWS_REGION"
    if isinstance(error, EndpointConnectionError):
        return f"{error}: check the region, the network and AWS_ENDPOINT_URL"
    return described(error)


def described(error: Exception) -> str:
    """Return what one of FAILURES says, in one line: botocore quotes the whole page that came instead of an answer."""
    if isinstance(error, ResponseParserError):
        return "the answer did not come from AWS: check the region, AWS_ENDPOINT_URL and the network's proxy"
    return str(error)


def _advice_on_answer(error: ClientError) -> str:
    said, operation = code(error), error.operation_name
    about = str(error.response.get("Error", {}).get("Message", ""))
    if said in _SKEWED or about.startswith(("Signature expired", "Signature not yet current")):
        return f"AWS refuses requests signed by a clock that is 15 minutes off ({said}): set this machine's clock"
    advice = (
        (_EXPIRED, "the AWS credentials have expired: sign in again (`aws sso login`)"),
        (_INVALID, f"AWS does not know these credentials ({said}): check AWS_PROFILE or the access key"),
        (_DENIED, f"access denied: the caller's role, and for S3 the bucket's policy, must allow {operation}"),
        ({"NoSuchBucket"}, "no such bucket: `pulumi up` creates it; check the stack, the account and the region"),
        (_THROTTLED, f"AWS still throttles {operation} after {ATTEMPTS} attempts: try again"),
    )
    return next((what for codes, what in advice if said in codes), f"{operation} answered {said}: {about}")
