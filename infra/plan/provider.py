"""Asks the provider whom it acts as and what it sees, and refuses what would go wrong because of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from infra import configuration, placeholders
from infra.plan import callers
from infra.plan.callers import Caller
from infra.settings import Settings, SettingsError
from release.clients import explained
from release.errors import ReleaseError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Whom the provider acts as, and the zones that it sees."""

    caller: Caller
    zones: Sequence[str]


def ask(settings: Settings) -> Provider:
    """Return what the provider says. Raises ReleaseError if AWS refuses."""
    identity = _answer(settings, aws.get_caller_identity)
    region = _answer(settings, aws.get_region).region
    available = _answer(settings, aws.get_availability_zones).names
    return Provider(caller=Caller(account=identity.account_id, arn=identity.arn, region=region), zones=available)


def check(settings: Settings, provider: Provider, boto3: Callable[[], Caller]) -> None:
    """Raise SettingsError if boto3 acts as somebody else, or if a setting still has an example's value."""
    with explained("ask AWS who this is", where(settings)):
        refuse(settings, callers.problems(provider.caller, boto3(), configuration.provider()))
    refuse(settings, placeholders.problems(settings, provider.caller.account))


def where(settings: Settings) -> str:
    """Return what errors call the stack."""
    return f"stack {settings.stack}, region {settings.region}"


def refuse(settings: Settings, problems: Iterable[str]) -> None:
    """Raise SettingsError if there are problems."""
    found = list(problems)
    if found:
        raise SettingsError(settings.stack, found)


def warn(warnings: Sequence[str], not_looked_at: str = "") -> None:
    """Show warnings, and why some things could not be looked at."""
    for warning in warnings:
        pulumi.log.warn(warning)
    if not_looked_at:
        pulumi.log.info(not_looked_at)


def _answer(settings: Settings, invoke: Callable[[], T]) -> T:
    """Return what AWS says. If it refuses, pulumi raises a bare Exception, which would be shown with its traceback."""
    try:
        return invoke()
    except Exception as error:
        said = str(error).rpartition("'': ")[2]
        raise ReleaseError(
            f"{settings.stack}: AWS could not be asked: {said}; check the credentials "
            "(`aws sts get-caller-identity`), the region, the network and this machine's clock"
        ) from error
