"""The way to AWS: clients for each region, and what a single request may use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, cast

import boto3
from botocore.config import Config

from sandbox.provider.errors import ProviderError
from sandbox.service import keys

Client: TypeAlias = Any  # a boto3 client: its methods are made at run time
_T = TypeVar("_T")
_FIRST_POLL, _LAST_POLL = 0.1, 1.0  # seconds; what is waited for lives in another process, and says nothing by itself


class Clients:
    """boto3 clients on one endpoint, made once for each service and region.

    Throttling is met by botocore's adaptive retries, nine at most.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._keys = keys.of_session()  # never a user's own
        self._make = cast("Callable[..., Client]", boto3.Session().client)
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Client] = {}
        self._account: str | None = None
        self._config = Config(
            retries={"mode": "adaptive", "total_max_attempts": 10},
            s3={"addressing_style": "path"},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=64,
        )

    def client(self, service: str, region: str) -> Client:
        """Return the client of a service in a region; safe to share between threads."""
        with self._lock:
            if (service, region) not in self._clients:
                made = self._clients[service, region] = self._make(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint,
                    config=self._config,
                    aws_access_key_id=self._keys.access,
                    aws_secret_access_key=self._keys.secret,
                    aws_session_token=self._keys.token or None,
                )
                if service == "s3":
                    made.meta.events.register_last("before-parameter-build.s3", _stay)
            return self._clients[service, region]

    def account(self, region: str) -> str:
        """Return the 12-digit id of the account that the credentials belong to; asked for once."""
        if self._account is None:
            self._account = str(self.client("sts", region).get_caller_identity()["Account"])
        return self._account


def _stay(context: dict[str, Any], **_: object) -> None:
    """Keep botocore from asking a bucket's own region: upstream's SDK doesn't, so the program must say it."""
    context["s3_redirect"]["redirected"] = True


@dataclass
class Call:
    """One request of the engine: the region it is for, how long it may take (seconds), and when to give up."""

    clients: Clients
    region: str
    timeout: float
    cancelled: threading.Event = field(default_factory=threading.Event)
    created_id: str | None = None

    def client(self, service: str) -> Client:
        """Return the boto3 client of the service in this call's region."""
        return self.clients.client(service, self.region)

    @property
    def account(self) -> str:
        """Return the account's 12-digit id."""
        return self.clients.account(self.region)

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """Return the ARN of a resource of this account and region."""
        where = self.region if region is None else region
        return f"arn:{partition(self.region)}:{service}:{where}:{self.account}:{resource}"

    def created(self, id_: str) -> None:
        """Report that the resource exists: if a later step fails, it is kept in the state, to be finished next time."""
        self.created_id = id_

    def wait(self, what: str, check: Callable[[], _T | None], seconds: float | None = None) -> _T:
        """Return the first result of `check` that is neither None nor False; raise at the deadline or if cancelled."""
        limit = self.timeout if seconds is None else seconds
        deadline, pause = time.monotonic() + limit, _FIRST_POLL
        while True:
            result = check()
            if result is not None and result is not False:
                return result
            if time.monotonic() >= deadline:
                raise ProviderError(f"{what} took longer than {limit:.0f} s")
            if self.cancelled.wait(pause):
                raise ProviderError(f"cancelled while waiting for {what}")
            pause = min(2 * pause, _LAST_POLL)


def partition(region: str) -> str:
    """Return the AWS partition that a region is in."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
