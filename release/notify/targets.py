"""Who is told: SNS topics and webhooks. A webhook's address lets anyone write there, so no text shows it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

SCHEMA = 1
SNS, SLACK, TEAMS, JSON = "sns", "slack", "teams", "json"
KINDS = (SLACK, TEAMS, JSON)
"""The shapes in which a webhook is told."""
MOST = 10
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
ADDRESS_LIMIT = 2048

_HOSTS = (
    (re.compile(r"hooks\.slack(-gov)?\.com"), SLACK),
    (re.compile(r".+\.(webhook\.office\.com|logic\.azure\.com|api\.powerplatform\.com|powerautomate\.com)"), TEAMS),
)
"""Whose webhooks are known by their host: Slack's, and Teams' (Workflows of Power Automate, and connectors)."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One that is told. `name` says which one it is without its address: `notify[1] (hooks.slack.com)`."""

    kind: str
    """SNS, or one of KINDS."""
    address: str = field(repr=False)
    """The topic's ARN, or the webhook's URL."""
    name: str

    @property
    def is_topic(self) -> bool:
        """Whether it is an SNS topic."""
        return self.kind == SNS


@dataclass(frozen=True, kw_only=True)
class Told:
    """All that a stack tells, and how a link to a commit is made (None: none is shown)."""

    targets: Sequence[Target] = ()
    link: str | None = None


NOBODY = Told()


def target(index: int, address: str, kind: str | None = None) -> Target:
    """Return the target at a place of the list. Raises ValueError, without the address, if it is neither kind."""
    if TOPIC.fullmatch(address):
        return Target(kind=SNS, address=address, name=f"notify[{index}] ({address.rpartition(':')[2]})")
    if wrong := problem(address):
        raise ValueError(wrong)
    host = host_of(address)
    return Target(kind=kind or kind_of(host), address=address, name=f"notify[{index}] ({host})")


def problem(address: str) -> str:
    """Return what is wrong with the address of a webhook, without the address itself; "" if nothing is."""
    if len(address) > ADDRESS_LIMIT or not re.fullmatch(r"[!-~]+", address):
        return f"must be an address of at most {ADDRESS_LIMIT} characters, with no blanks"
    try:
        parts = urlsplit(address)
        _, host = parts.port, parts.hostname
    except ValueError:
        return "is no address"
    if parts.scheme != "https" or not host:
        return "must be the ARN of an SNS topic, or an https:// address"
    if parts.username is not None or parts.fragment:
        return "must be an address without a user and without a #fragment"
    return ""


def host_of(address: str) -> str:
    """Return the host of an address, which is no secret."""
    return urlsplit(address).hostname or ""


def kind_of(host: str) -> str:
    """Return the shape that a host takes: Slack's or Teams' where it is theirs, else plain JSON."""
    return next((kind for pattern, kind in _HOSTS if pattern.fullmatch(host)), JSON)


def to_json(told: Told) -> str:
    """Return it as the stack keeps it for commands (a SecureString of the Parameter Store)."""
    targets = [{"kind": each.kind, "address": each.address} for each in told.targets]
    kept: dict[str, Any] = {"schema": SCHEMA, "targets": targets}
    return json.dumps(kept | ({"link": told.link} if told.link else {}), separators=(",", ":"))


def from_json(text: str) -> Told:
    """Return what a stack keeps. Raises ValueError, which shows nothing of it, if it is something else."""
    try:
        kept = cast("Mapping[str, Any]", json.loads(text))
        targets = [_kept(index, each) for index, each in enumerate(kept["targets"])]
        return Told(targets=targets, link=kept.get("link"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("it is not what `pulumi up` writes there; run it again") from None


def _kept(index: int, each: Mapping[str, str]) -> Target:
    kind = each["kind"]
    made = target(index, each["address"], None if kind == SNS else kind)
    if made.kind != kind or kind not in (SNS, *KINDS):
        raise ValueError(kind)
    return made
