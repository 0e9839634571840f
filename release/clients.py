"""boto3 clients as everything here uses them: bounded in time, patient with throttling; and their errors, explained."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3.session
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

FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""What a call raises that AWS did not do: refused, not reached, or answered by somebody else, such as a proxy."""

_EXPIRED = {"ExpiredToken", "ExpiredTokenException"}
_SKEWED = {"RequestTimeTooSkewed", "RequestExpired"}
_INVALID = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "UnrecognizedClientException"}
_DENIED = {"AccessDenied", "403", "Forbidden", "UnauthorizedOperation", "AccessDeniedException"}
_THROTTLED = {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "503", "ServiceUnavailable"}


def client(service: str, region: str | None = None, config: Config = CONFIG) -> Any:  # noqa: ANN401 - boto3 makes them at run time
    """A client for an AWS service, in that region or the one the environment names. StoreError where there is none."""
    with explained(f"use {service}", "this machine"), _ONE_AT_A_TIME:
        settings = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
        session = _session(region or os.environ.get("AWS_REGION"), settings)
        if session.region_name is None:  # some services would be given a global endpoint
            raise NoRegionError
        return session.client(service, config=config)


@cache
def _session(region: str | None, _settings: tuple[tuple[str, str], ...]) -> boto3.session.Session:
    """One for all clients: each session reads the models of its services anew, 0.1 s each."""
    return boto3.session.Session(region_name=region)


def code(error: ClientError) -> str:
    """The error code that AWS answered with."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def explained(action: str, where: str, raising: type[ReleaseError] = StoreError) -> Generator[None]:
    """Turns what boto3 raises inside it into one line: what could not be done, where, and what mends it."""
    try:
        yield
    except ClientError as error:
        raise raising(f"{where}: could not {action}: {_mend(error)}") from error
    except (NoCredentialsError, PartialCredentialsError, TokenRetrievalError) as error:
        raise raising(
            f"{where}: could not {action}: no AWS credentials ({error}): sign in (`aws sso login`) or set AWS_PROFILE"
        ) from error
    except NoRegionError as error:
        raise raising(f"{where}: could not {action}: no AWS region is set: set AWS_REGION") from error
    except EndpointConnectionError as error:
        raise raising(
            f"{where}: could not {action}: {error}: check the region, the network and AWS_ENDPOINT_URL"
        ) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise raising(f"{where}: could not {action}: {described(error)}") from error


def described(error: Exception) -> str:
    """What one of FAILURES says, in one line; botocore shows all of a page that came in place of an answer."""
    if isinstance(error, ResponseParserError):
        return "what answered is not AWS: check the region, AWS_ENDPOINT_URL and the network's proxy"
    return str(error)


def _mend(error: ClientError) -> str:
    said, operation = code(error), error.operation_name
    about = str(error.response.get("Error", {}).get("Message", ""))
    if said in _SKEWED or about.startswith(("Signature expired", "Signature not yet current")):
        return f"AWS refuses requests signed by a clock that is 15 minutes off ({said}): set this machine's clock"
    mends = (
        (_EXPIRED, "the AWS credentials have expired: sign in again (`aws sso login`)"),
        (_INVALID, f"AWS does not know these credentials ({said}): check AWS_PROFILE or the access key"),
        (_DENIED, f"access denied: the caller's role, and the bucket's policy where it is S3, must allow {operation}"),
        (
            {"NoSuchBucket"},
            "there is no such bucket: `pulumi up` makes it; check the stack, the account and the region",
        ),
        (_THROTTLED, f"AWS still throttles {operation} after {ATTEMPTS} attempts: try again"),
    )
    return next((mend for codes, mend in mends if said in codes), f"{operation} answered {said}: {about}")
