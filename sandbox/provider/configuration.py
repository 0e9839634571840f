"""The settings of a provider resource (the stack's `aws:` configuration, or an explicit provider's arguments)."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError
from sandbox.provider.properties import UNKNOWN
from sandbox.provider.schema import Props, Value

_HONOURED = {"region", "defaultTags", "allowedAccountIds", "forbiddenAccountIds"}
# These say how to reach AWS, which is the emulator's business here.
_WITHOUT_EFFECT = {
    *(
        "accessKey",
        "endpoints",
        "maxRetries",
        "profile",
        "retryMode",
        "s3UsePathStyle",
        "secretKey",
        "token",
        "version",
    ),
    *("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"),
    "version",
}


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What one provider resource was given."""

    region: str
    tags: dict[str, str] = field(default_factory=dict[str, str])
    allowed_accounts: tuple[str, ...] = ()
    forbidden_accounts: tuple[str, ...] = ()


class ByConnection:
    """The configuration of each connection.

    A connection that the engine had to reopen (gRPC closes one after half an hour of silence) is unknown; it gets the
    configuration made last. Resources keep their region in their state, so that decides only for those made after it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, Configuration] = {}
        self._cancelled: dict[str, threading.Event] = {}
        self._last: Configuration | None = None

    def put(self, peer: str, made: Configuration) -> None:
        """Remember what a connection was configured with."""
        with self._lock:
            self._made[peer] = self._last = made

    def cancelled(self, peer: str) -> threading.Event:
        """Return the event that the engine at the other end sets to end every wait."""
        with self._lock:
            return self._cancelled.setdefault(peer, threading.Event())

    def get(self, peer: str) -> Configuration:
        """Return what the connection was configured with."""
        with self._lock:
            found = self._made.get(peer, self._last)
        if found is None:
            raise ProviderError("the provider was not configured; the engine calls Configure first")
        return found


def problems(settings: Props) -> Iterator[tuple[str, str]]:
    """Yield the settings that this provider cannot honour, as (name, reason)."""
    for name in sorted(settings):
        if not name.startswith("__") and name not in _HONOURED | _WITHOUT_EFFECT:
            yield name, f"this provider does not know the setting; it honours {', '.join(sorted(_HONOURED))}"


def parse(settings: Props) -> Configuration:
    """Return the typed settings; nested ones arrive as JSON text."""
    values = {name: _nested(value) for name, value in settings.items()}
    region = values.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region or region is UNKNOWN:
        raise ProviderError("no region; set it with `pulumi config set aws:region eu-central-1` or AWS_REGION")
    tags = values.get("defaultTags") or {}
    return Configuration(
        region=region,
        tags={} if tags is UNKNOWN else dict(tags.get("tags") or {}),
        allowed_accounts=tuple(values.get("allowedAccountIds") or ()),
        forbidden_accounts=tuple(values.get("forbiddenAccountIds") or ()),
    )


def allow_account(made: Configuration, call: Call) -> None:
    """Refuse an account that the settings rule out."""
    if made.allowed_accounts and call.account not in made.allowed_accounts:
        raise ProviderError(f"account {call.account} is not among allowedAccountIds")
    if made.forbidden_accounts and call.account in made.forbidden_accounts:
        raise ProviderError(f"account {call.account} is among forbiddenAccountIds")


def _nested(value: Value) -> Value:
    if isinstance(value, str) and value[:1] in ("{", "["):
        return json.loads(value)
    return value
