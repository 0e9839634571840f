"""What a stack needs to know beside its settings: all of it is asked before anything is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from infra import configuration, placeholders
from infra.balancer import routing
from infra.network import zones
from infra.plan import callers, lookup, usage, user_data
from infra.plan.callers import Caller
from infra.settings import Settings, SettingsError
from infra.store.artifacts import bucket_of
from release import names
from release.artifact.build import Build
from release.clients import explained
from release.component import bake, packages
from release.errors import ReleaseError
from release.machine_image import Image
from release.rollout.observe import Fleets
from release.rollout.observed import DeployedFleet
from release.store.manifest import ImageName

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`commands` is what each fleet runs; `rules` are the listener's that are there: fleet and path, which priority."""

    account: str
    zones: Sequence[str]
    bucket: str
    release: bake.Plan
    commands: Mapping[str, str]
    rules: routing.There = field(default_factory=dict[tuple[str, "str | None"], int])


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What boto3 is asked meanwhile."""

    caller: Future[Caller]
    fleets: Future[list[DeployedFleet]]
    rules: Future[dict[tuple[str, str | None], int]]
    missing_topics: Future[set[str]]
    missing_targets: Future[set[str]]
    quotas: Future[tuple[list[str], str]]


def plan(settings: Settings) -> Plan:
    """Asks AWS (and git, for a release that is not published) and changes nothing.

    Raises SettingsError, or ReleaseError where there is no such release or AWS refuses to say.
    """
    with ThreadPoolExecutor() as threads:
        asked = _ask(settings, threads)
        provider, available = _provider(settings)
        _refuse_other_callers(settings, provider, asked.caller)
        _refuse(settings, placeholders.problems(settings, provider.account))
        chosen = zones.choose(settings.network.zones, available, stack=settings.stack, region=settings.region)
        bucket = bucket_of(settings.artifacts, stack=settings.stack, account=provider.account, region=settings.region)
        release = bake.plan(_source(settings, bucket))
        with explained("look for what is there", f"stack {settings.stack}, region {settings.region}"):
            there = asked.fleets.result()
            rules = _by_fleet(settings, asked.rules.result())
            _refuse(settings, _unheard(settings, asked.missing_topics.result()))
            _refuse(settings, _unreachable(settings, asked.missing_targets.result()))
            _refuse(settings, _new_ports(settings, there))
            _refuse(settings, _taken_names(settings, provider.account, there))
    _refuse(settings, _full_bands(settings, rules))
    _warn(*asked.quotas.result())
    commands = {name: release.command(fleet.process, fleet.command) for name, fleet in settings.fleets.items()}
    _refuse(settings, user_data.problems(settings, commands, bucket))
    _refuse(settings, _missing_commands(settings, commands, release.image))
    return Plan(account=provider.account, zones=chosen, bucket=bucket, release=release, commands=commands, rules=rules)


def _ask(settings: Settings, threads: ThreadPoolExecutor) -> _Asked:
    region, stack = settings.region, settings.stack
    topics = [topic for fleet in settings.fleets.values() for topic in fleet.alarms.notify]
    targets = [rule.target for fleet in settings.fleets.values() for rule in fleet.egress]
    needs_rules = bool(routing.plan({name: fleet.routes for name, fleet in settings.fleets.items()}).rules)
    fleets = threads.submit(lambda: Fleets(region).of_stack(stack))
    return _Asked(
        caller=threads.submit(lookup.caller, region),
        fleets=fleets,
        quotas=threads.submit(lambda: usage.look(settings, fleets.result())),
        rules=threads.submit(lambda: lookup.rules(region, stack) if needs_rules else {}),
        missing_topics=threads.submit(lookup.missing_topics, region, topics),
        missing_targets=threads.submit(lookup.missing_targets, region, targets),
    )


def _provider(settings: Settings) -> tuple[Caller, Sequence[str]]:
    """Whom the provider acts as, and the zones that it sees."""
    identity = _answer(settings, aws.get_caller_identity)
    region = _answer(settings, aws.get_region).region
    available = _answer(settings, aws.get_availability_zones).names
    return Caller(account=identity.account_id, arn=identity.arn, region=region), available


def _answer(settings: Settings, invoke: Callable[[], T]) -> T:
    """What AWS says. Where it refuses, pulumi raises a bare Exception, which would be shown with its traceback."""
    try:
        return invoke()
    except Exception as error:
        said = str(error).rpartition("'': ")[2]
        raise ReleaseError(
            f"{settings.stack}: AWS could not be asked: {said}; check the credentials "
            "(`aws sts get-caller-identity`), the region, the network and this machine's clock"
        ) from error


def _warn(warnings: Sequence[str], not_looked_at: str) -> None:
    for warning in warnings:
        pulumi.log.warn(warning)
    if not_looked_at:
        pulumi.log.info(not_looked_at)


def _refuse(settings: Settings, problems: Iterator[str]) -> None:
    found = list(problems)
    if found:
        raise SettingsError(settings.stack, found)


def _refuse_other_callers(settings: Settings, provider: Caller, boto3: Future[Caller]) -> None:
    with explained("ask AWS who this is", f"stack {settings.stack}, region {settings.region}"):
        found = boto3.result()
    _refuse(settings, callers.problems(provider, found, configuration.provider()))


def _unheard(settings: Settings, missing: set[str]) -> Iterator[str]:
    for fleet in settings.fleets.values():
        for index, topic in enumerate(fleet.alarms.notify):
            if topic in missing:
                name = topic.rpartition(":")[2]
                yield (
                    f"fleets.{fleet.name}.alarms.notify[{index}]: there is no topic {topic}, and nobody would "
                    f"hear of an alarm; make it (`aws sns create-topic --name {name}`), or remove it here"
                )


def _unreachable(settings: Settings, missing: set[str]) -> Iterator[str]:
    for fleet in settings.fleets.values():
        for index, rule in enumerate(fleet.egress):
            if rule.target in missing:
                yield (
                    f"fleets.{fleet.name}.egress[{index}]: there is no {rule.target} in {settings.region}; "
                    "`aws ec2 describe-security-groups` and `aws ec2 describe-managed-prefix-lists` show what there is"
                )


def _new_ports(settings: Settings, there: Sequence[DeployedFleet]) -> Iterator[str]:
    """A new port means a new target group, to which no instance belongs until the rollout is over."""
    for found in there:
        fleet = settings.fleets.get(found.name)
        groups = [arn.split("/")[1] for arn in found.group.target_group_arns]
        if fleet and groups and names.target_group_name(settings.stack, fleet.name, fleet.port) not in groups:
            yield (
                f"fleets.{fleet.name}.port: is another one than the fleet runs with ({', '.join(groups)}), and nothing "
                "would serve until it is rolled out; declare a fleet of another name with the new port, give it this "
                "one's routes, and remove this one in the next `pulumi up`"
            )


def _taken_names(settings: Settings, account: str, there: Sequence[DeployedFleet]) -> Iterator[str]:
    """A stack `shop` with a fleet `api-web` and a stack `shop-api` with a fleet `web` want the same names."""
    where = {"stack": settings.stack, "account": account, "region": settings.region}
    logs = names.access_logs_bucket_name(**where)
    own_logs = settings.load_balancer.access_logs and not settings.load_balancer.access_logs_bucket
    if own_logs and settings.artifacts.bucket == logs:
        yield f"artifacts.bucket: {logs} takes this stack's access logs, which expire; name another one"
    buckets = [logs] if own_logs else []
    if settings.artifacts.bucket is None:
        buckets.append(names.bucket_name(**where))
    known = {found.name for found in there}
    new = {name: fleet.port for name, fleet in settings.fleets.items() if name not in known}
    roles = [names.role_name(settings.stack, name, settings.region) for name in new]
    if settings.network.flow_logs and not known:
        roles.append(names.flow_logs_role_name(settings.stack, settings.region))
    wanted = [
        *lookup.of_buckets(settings.region, buckets),
        *lookup.of_roles(settings.region, roles),
        *lookup.of_fleets(settings.region, settings.stack, new),
    ]
    for problem in lookup.taken(settings.stack, wanted):
        yield f"{problem}; stack {settings.stack} would need it: name this stack, or its fleet, otherwise"


def _by_fleet(settings: Settings, rules: Mapping[tuple[str, str | None], int]) -> dict[tuple[str, str | None], int]:
    """A listener names target groups; a fleet has the one of its name and port. Rules that are to go stay taken."""
    fleets = {
        names.target_group_name(settings.stack, name, fleet.port): name for name, fleet in settings.fleets.items()
    }
    return {(fleets.get(target, f"({target})"), path): priority for (target, path), priority in rules.items()}


def _full_bands(settings: Settings, rules: routing.There) -> Iterator[str]:
    try:
        routing.plan({name: fleet.routes for name, fleet in settings.fleets.items()}, rules)
    except ValueError as error:
        yield str(error)


def _missing_commands(settings: Settings, commands: Mapping[str, str], image: Image) -> Iterator[str]:
    """What the image is known to lack, each instance would miss when it boots."""
    for name, fleet in settings.fleets.items():
        lacks = packages.missing(commands[name], fleet.packages, image=image.name, owner=image.owner)
        if lacks and "PATH" not in fleet.environment:
            command, package = lacks
            yield (
                f"fleets.{name}.packages: it runs `{commands[name]}`, but the image {image.name} has no {command}; "
                f"`pulumi config set --path 'slipway:fleets.{name}.packages[{len(fleet.packages)}]' {package}`"
            )


def _source(settings: Settings, bucket: str) -> bake.Source:
    wanted, step = settings.release, settings.release.build
    return bake.Source(
        stack=settings.stack,
        region=settings.region,
        bucket=bucket,
        sha=wanted.sha,
        repository=wanted.repository,
        directory=wanted.directory,
        build=Build(command=step.command, timeout=step.timeout, trusted=step.trusted) if step else None,
        image=ImageName(name=settings.image.name, owner=settings.image.owner),
        supersede=settings.supersede,
    )
