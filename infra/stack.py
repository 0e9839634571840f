"""The whole stack: which components there are, and what one gets from another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from infra import naming, zones
from infra.artifacts import Artifacts, ArtifactsArgs, bucket_of
from infra.dns import Alias, AliasArgs, Certificate, CertificateArgs
from infra.fleet import Fleet, FleetArgs
from infra.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.network import Network, NetworkArgs
from infra.settings import Settings, SettingsError
from release import bake
from release.build import Build
from release.clients import explained
from release.errors import ReleaseError
from release.fleets import Fleets
from release.manifest import ImageName
from release.together import Together
from release.watch import all_served

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What a stack tells about itself."""

    url: pulumi.Output[str]
    sha: pulumi.Output[str]
    """The SHA that serves, once every fleet has proved it."""
    digest: pulumi.Output[str]
    bucket: str
    region: str
    fleets: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a stack needs to know beside its settings; all of it is looked up before anything is declared."""

    account: str
    zones: Sequence[str]
    bucket: str
    release: bake.Plan
    commands: Mapping[str, str]
    """What each fleet runs."""


def plan(settings: Settings) -> Plan:
    """Asks AWS (and git, for a release that is not published) and changes nothing.

    Raises SettingsError, or ReleaseError where there is no such release or AWS refuses to say.
    """
    account = _answer(settings, aws.get_caller_identity).account_id
    bucket = bucket_of(settings.artifacts, stack=settings.stack, account=account, region=settings.region)
    names = _answer(settings, aws.get_availability_zones).names
    chosen = zones.choose(settings.network.zones, names, stack=settings.stack, region=settings.region)
    release = bake.plan(_source(settings, bucket))
    _refuse_new_ports(settings)
    commands = {name: release.command(fleet.process, fleet.command) for name, fleet in settings.fleets.items()}
    return Plan(account=account, zones=chosen, bucket=bucket, release=release, commands=commands)


def _refuse_new_ports(settings: Settings) -> None:
    """A new port means a new target group, to which no instance belongs until the rollout is over: nothing would serve.

    Raises SettingsError where a fleet that is there has another port.
    """
    problems: list[str] = []
    with explained("look for its fleets", f"region {settings.region}"):
        there = Fleets(settings.region).of_stack(settings.stack)
    for found in there:
        fleet = settings.fleets.get(found.name)
        names = [arn.split("/")[1] for arn in found.group.target_group_arns]
        if fleet and names and naming.target_group_name(settings.stack, fleet.name, fleet.port) not in names:
            problems.append(
                f"fleets.{fleet.name}.port: is another one than the fleet runs with ({', '.join(names)}), and nothing "
                "would serve until it is rolled out; declare a fleet of another name with the new port, give it this "
                "one's routes, and remove this one in the next `pulumi up`"
            )
    if problems:
        raise SettingsError(settings.stack, problems)


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


def declare(settings: Settings, plan: Plan) -> Stack:
    """Declares everything."""
    where = {"stack": settings.stack, "region": settings.region, "account": plan.account}
    artifacts = Artifacts("artifacts", ArtifactsArgs(settings=settings.artifacts, **where))
    network = Network("network", NetworkArgs(zones=plan.zones, settings=settings.network, **where))
    balancer = _declare_balancer(settings, network, where)
    release = bake.Release(plan.release, artifacts.ready)
    together = Together(len(settings.fleets), lambda: all_served(Fleets(settings.region), settings.stack))
    fleets = {
        name: Fleet(
            name,
            FleetArgs(
                bucket=plan.bucket,
                settings=fleet,
                release=release,
                together=together,
                command=plan.commands[name],
                vpc_id=network.vpc_id,
                subnet_ids=[subnet.id for subnet in network.private.values()],
                balancer_security_group_id=balancer.security_group_id,
                balancer_arn_suffix=balancer.arn_suffix,
                target_group_arn=balancer.target_groups[name].arn,
                target_group_arn_suffix=balancer.target_groups[name].arn_suffix,
                requires=[network, *artifacts.ready, *balancer.routes],
                **where,
            ),
        )
        for name, fleet in settings.fleets.items()
    }
    proved = pulumi.Output.all(*(fleet.sha for fleet in fleets.values()))
    return Stack(
        url=_url(settings, balancer),
        sha=proved.apply(_first),
        digest=release.digest,
        bucket=plan.bucket,
        region=settings.region,
        fleets={name: {"group": fleet.group_name, "logGroup": fleet.log_group_name} for name, fleet in fleets.items()},
    )


def _source(settings: Settings, bucket: str) -> bake.Source:
    wanted = settings.release
    return bake.Source(
        stack=settings.stack,
        region=settings.region,
        bucket=bucket,
        sha=wanted.sha,
        repository=wanted.repository,
        directory=wanted.directory,
        build=Build(command=wanted.build.command, timeout=wanted.build.timeout) if wanted.build else None,
        image=ImageName(name=settings.image.name, owner=settings.image.owner),
        supersede=wanted.supersede,
    )


def _declare_balancer(settings: Settings, network: Network, where: Mapping[str, str]) -> LoadBalancer:
    given = settings.load_balancer
    certificate: pulumi.Input[str] | None = given.certificate
    if given.domain and given.hosted_zone:
        args = CertificateArgs(stack=settings.stack, domain=given.domain, hosted_zone=given.hosted_zone)
        certificate = Certificate("domain", args).arn
    balancer = LoadBalancer(
        "balancer",
        LoadBalancerArgs(
            vpc_id=network.vpc_id,
            subnet_ids=[subnet.id for subnet in network.public.values()],
            settings=given,
            certificate_arn=certificate,
            fleets=settings.fleets,
            disposable=settings.artifacts.destroy,
            internet=network.internet,
            **where,
        ),
    )
    if given.domain and given.hosted_zone:
        target = {"target_name": balancer.dns_name, "target_zone": balancer.zone_id}
        Alias("domain", AliasArgs(domain=given.domain, hosted_zone=given.hosted_zone, **target))
    return balancer


def _first(shas: Sequence[str]) -> str:
    """All fleets run one release."""
    return shas[0]


def _url(settings: Settings, balancer: LoadBalancer) -> pulumi.Output[str]:
    if settings.load_balancer.domain:
        return pulumi.Output.from_input(f"https://{settings.load_balancer.domain}")
    scheme = "http" if settings.load_balancer.http else "https"
    return pulumi.Output.format("{0}://{1}", scheme, balancer.dns_name)
