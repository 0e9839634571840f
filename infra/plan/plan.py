"""The plan of a stack: all that it needs to know in addition to its settings, before anything is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from infra import configuration, placeholders
from infra.balancer import routing
from infra.balancer.routing import Routing
from infra.fleet import boot
from infra.network import zones
from infra.plan import callers, checks, lookup, usage
from infra.plan.callers import Caller
from infra.settings import Settings, SettingsError
from infra.settings.fleet import RouteSettings
from infra.store.artifacts import bucket_of
from release import names
from release.artifact.build import Build
from release.clients import explained
from release.component.release import Release
from release.errors import ReleaseError
from release.rollout.observe import Fleets
from release.store.manifest import ImageName

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Plan:
    account: str
    zones: Sequence[str]
    bucket: str
    """The name of the release store."""
    release: Release
    commands: Mapping[str, str]
    """What each fleet runs."""
    routing: Routing


def plan(settings: Settings) -> Plan:
    """Ask AWS (and git, for a release that is not published), and change nothing.

    Raises SettingsError; ReleaseError if there is no such release or AWS refuses to say.
    """
    where = f"stack {settings.stack}, region {settings.region}"
    with ThreadPoolExecutor() as threads:
        caller = threads.submit(lookup.caller, settings.region)
        fleets = threads.submit(lambda: Fleets(settings.region).of_stack(settings.stack))
        rules = threads.submit(_rules, settings)
        missing = [threads.submit(check, settings) for check in (checks.topics, checks.egress)]
        quotas = threads.submit(lambda: usage.look(settings, fleets.result()))
        provider, available = _provider(settings)
        with explained("ask AWS who this is", where):
            _refuse(settings, callers.problems(provider, caller.result(), configuration.provider()))
        _refuse(settings, placeholders.problems(settings, provider.account))
        chosen = zones.choose(settings.network.zones, available, stack=settings.stack, region=settings.region)
        bucket = bucket_of(settings.artifacts, stack=settings.stack, account=provider.account, region=settings.region)
        release = _release(settings, bucket)
        with explained("look for what is there", where):
            there, known = fleets.result(), rules.result()
            for problems in missing:
                _refuse(settings, problems.result())
            _refuse(settings, checks.ports(settings, there))
            _refuse(settings, checks.taken_names(settings, provider.account, there))
    routed = _route(settings, known)
    _warn(*quotas.result())
    commands = {name: release.command(fleet.process, fleet.command) for name, fleet in settings.fleets.items()}
    _refuse(settings, boot.problems(settings, commands, bucket))
    _refuse(settings, checks.commands(settings, commands, release.image))
    return Plan(
        account=provider.account, zones=chosen, bucket=bucket, release=release, commands=commands, routing=routed
    )


def _provider(settings: Settings) -> tuple[Caller, Sequence[str]]:
    """Return whom the provider acts as, and the zones that it sees."""
    identity = _answer(settings, aws.get_caller_identity)
    region = _answer(settings, aws.get_region).region
    available = _answer(settings, aws.get_availability_zones).names
    return Caller(account=identity.account_id, arn=identity.arn, region=region), available


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


def _rules(settings: Settings) -> dict[tuple[str, str | None], int]:
    """Return the priorities of the rules that the listener has, by fleet and path.

    A listener names target groups; a fleet has the one of its name and port. Rules that are to go stay taken.
    """
    if not routing.plan(_routes(settings)).rules:
        return {}
    fleets = {
        names.target_group_name(settings.stack, name, fleet.port): name for name, fleet in settings.fleets.items()
    }
    rules = lookup.rules(settings.region, settings.stack)
    return {(fleets.get(target, f"({target})"), path): priority for (target, path), priority in rules.items()}


def _route(settings: Settings, rules: routing.There) -> Routing:
    """Return the routing. Raises SettingsError if rules that are to go leave no priority for a new one."""
    try:
        return routing.plan(_routes(settings), rules)
    except ValueError as error:
        raise SettingsError(settings.stack, [str(error)]) from None


def _routes(settings: Settings) -> Mapping[str, RouteSettings]:
    return {name: fleet.routes for name, fleet in settings.fleets.items()}


def _release(settings: Settings, bucket: str) -> Release:
    wanted, step = settings.release, settings.release.build
    return Release.find(
        stack=settings.stack,
        region=settings.region,
        bucket=bucket,
        ref=wanted.sha,
        repository=wanted.repository,
        directory=wanted.directory,
        build=Build(command=step.command, timeout=step.timeout, trusted=step.trusted) if step else None,
        image=ImageName(name=settings.image.name, owner=settings.image.owner),
        follow=wanted.follow,
    )


def _refuse(settings: Settings, problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise SettingsError(settings.stack, found)


def _warn(warnings: Sequence[str], not_looked_at: str) -> None:
    for warning in warnings:
        pulumi.log.warn(warning)
    if not_looked_at:
        pulumi.log.info(not_looked_at)
