"""The whole stack: its components, and what each gets from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra import boundary, console, expiry_tag, own_hooks
from infra.balancer.dns import Alias, AliasArgs, Certificate, CertificateArgs
from infra.balancer.failover import asked_path
from infra.balancer.load_balancer import LOG_DAYS, LoadBalancer, LoadBalancerArgs
from infra.fleet import phase
from infra.fleet.fleet import Fleet, FleetArgs
from infra.fleet.job import Job, JobArgs
from infra.network.network import Network, NetworkArgs
from infra.notify import Notify, NotifyArgs
from infra.plan import cold, frozen, provider, regions
from infra.plan import plan as plans
from infra.plan.cold import ColdPlan
from infra.plan.plan import Plan
from infra.settings import Settings
from infra.store import last_copy
from infra.store.artifacts import Artifacts, ArtifactsArgs
from release import names, postures
from release.component.deployment import Deployments
from release.image_copy import ImageCopies

__all__ = ["ColdPlan", "Plan", "Stack", "declare", "plan"]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The outputs of a stack."""

    url: pulumi.Output[str] | None
    """None in the posture `cold`, in which there is nothing to reach."""
    sha: pulumi.Input[str] | None
    """The SHA that serves, once every fleet has proved it; without instances, that which they would boot."""
    digest: pulumi.Input[str] | None
    bucket: str
    region: str
    network: Mapping[str, pulumi.Input[str | Sequence[pulumi.Input[str]]]]
    """What others need to join the network, such as a database."""
    fleets: Mapping[str, Mapping[str, pulumi.Input[str]]]
    posture: str | None
    """What stands of the stack; None if it is not kept for recovery."""


def plan(settings: Settings) -> Plan | ColdPlan:
    """Find out all that the stack needs to know, and change nothing. Raises SettingsError or ReleaseError."""
    provider.refuse(settings, regions.problems(settings))
    return cold.plan(settings) if settings.posture == "cold" else plans.plan(settings)


def declare(settings: Settings, plan: Plan | ColdPlan) -> Stack:
    """Declare everything, or nothing but the store."""
    frozen.record(settings, plan.bucket, plan.insisted, _sha(plan))
    if settings.permissions.boundary:
        boundary.install(settings.permissions.boundary)
    if isinstance(plan, Plan) and plan.expires:
        expiry_tag.declare(plan.expires)
    where = {"stack": settings.stack, "region": settings.region, "account": plan.account}
    artifacts = Artifacts(
        "artifacts",
        ArtifactsArgs(
            settings=settings.artifacts,
            fleets=list(settings.fleets),
            log_days=settings.logs.retention or LOG_DAYS,
            kept_logs=plan.kept_store_logs,
            **where,
        ),
    )
    if isinstance(plan, ColdPlan):
        last_copy.declare(settings, plan.account, [artifacts])
        return _cold(settings, plan)
    if settings.console:
        console.declare(settings.stack)
    network = Network("network", NetworkArgs(zones=plan.zones, settings=settings.network, logs=settings.logs, **where))
    balancer = _declare_balancer(settings, network, plan, where)
    required = artifacts.requirement(insisted=settings.unreplicated)
    digest = plan.release.published(artifacts.ready, required, _copies(settings))
    if settings.notify:
        Notify(
            "notify",
            NotifyArgs(stack=settings.stack, account=plan.account, fleets=list(settings.fleets), told=settings.told),
        )
    deployments = Deployments(
        stack=settings.stack,
        region=settings.region,
        bucket=plan.bucket,
        fleets=list(settings.fleets),
        sha=plan.release.sha,
        told=settings.told,
    )
    own_hooks.declare(settings, deployments, plan.release.sha, _url(settings, balancer))
    fleets = {
        name: Fleet(
            name,
            FleetArgs(
                bucket=plan.bucket,
                settings=fleet,
                logs=settings.logs,
                release=plan.release,
                digest=digest,
                supersede=settings.supersede,
                deployments=deployments,
                command=plan.commands[name],
                network=network,
                balancer=balancer,
                requires=artifacts.ready,
                posture=settings.posture,
                tells_posture=settings.tells_posture,
                **where,
            ),
        )
        for name, fleet in settings.fleets.items()
    }
    phase.declare(
        settings,
        plan.phase,
        release=plan.release,
        bucket=plan.bucket,
        deployments=deployments,
        fleets=fleets,
        network=network,
    )
    jobs = _declare_jobs(settings, network, plan, fleets, requires=[network, *artifacts.ready], where=where)
    last_copy.declare(settings, plan.account, [artifacts, network, balancer, *fleets.values(), *jobs])
    return _outputs(settings, plan, network, balancer, fleets, digest=digest)


def _sha(plan: Plan | ColdPlan) -> str:
    return (plan.sha or "") if isinstance(plan, ColdPlan) else plan.release.sha


def _declare_jobs(
    settings: Settings,
    network: Network,
    plan: Plan,
    fleets: Mapping[str, Fleet],
    *,
    requires: Sequence[pulumi.Resource],
    where: Mapping[str, str],
) -> list[Job]:
    runs = settings.posture == postures.ACTIVE and not names.is_drill(settings.stack)
    return [
        Job(
            name,
            JobArgs(
                bucket=plan.bucket,
                settings=job,
                fleet=settings.fleets[job.fleet],
                of=fleets[job.fleet],
                release=plan.release,
                subnets=[subnet.id for subnet in network.private.values()],
                requires=requires,
                runs=runs,
                **where,
            ),
        )
        for name, job in settings.schedule.items()
    ]


def _cold(settings: Settings, plan: ColdPlan) -> Stack:
    return Stack(
        url=None,
        sha=plan.sha,
        digest=plan.digest,
        bucket=plan.bucket,
        region=settings.region,
        network={},
        fleets={},
        posture=settings.posture,
    )


def _copies(settings: Settings) -> ImageCopies | None:
    """Return what copies the release's image to the replica's region, if the settings want that."""
    replica = settings.artifacts.replica
    if replica is None or not settings.image.copy_to_replica:
        return None
    return ImageCopies(
        stack=settings.stack,
        source=settings.region,
        target=replica.region,
        seconds=replica.wait,
        required=replica.required and not settings.unreplicated,
    )


def _outputs(
    settings: Settings,
    plan: Plan,
    network: Network,
    balancer: LoadBalancer,
    fleets: Mapping[str, Fleet],
    *,
    digest: pulumi.Output[str],
) -> Stack:
    proved = pulumi.Output.all(*(fleet.sha for fleet in fleets.values()))
    return Stack(
        url=_url(settings, balancer),
        sha=proved.apply(lambda shas: shas[0]),  # all fleets run one release
        digest=digest,
        bucket=plan.bucket,
        region=settings.region,
        network={
            "vpcId": network.vpc_id,
            "cidr": settings.network.cidr,
            "zones": list(plan.zones),
            "publicSubnetIds": [subnet.id for subnet in network.public.values()],
            "privateSubnetIds": [subnet.id for subnet in network.private.values()],
        },
        fleets={
            name: {
                "group": fleet.group_name,
                "logGroup": fleet.log_group_name,
                "securityGroupId": fleet.security_group_id,
            }
            for name, fleet in fleets.items()
        },
        posture=settings.posture if settings.tells_posture else None,
    )


def _declare_balancer(settings: Settings, network: Network, plan: Plan, where: Mapping[str, str]) -> LoadBalancer:
    given = settings.load_balancer
    certificate: pulumi.Input[str] | None = given.certificate
    if given.domain and given.hosted_zone:
        args = CertificateArgs(stack=settings.stack, domain=given.domain, hosted_zone=given.hosted_zone)
        certificate = Certificate("domain", args).arn
    balancer = LoadBalancer(
        "balancer",
        LoadBalancerArgs(
            network=network,
            settings=given,
            certificate_arn=certificate,
            fleets=settings.balanced,
            routing=plan.routing,
            disposable=settings.artifacts.destroy,
            log_days=settings.logs.retention or LOG_DAYS,
            kept_logs=plan.kept_logs,
            **where,
        ),
    )
    if given.domain and given.hosted_zone:
        Alias(
            "domain",
            AliasArgs(
                stack=settings.stack,
                domain=given.domain,
                hosted_zone=given.hosted_zone,
                target_name=balancer.dns_name,
                target_zone=balancer.zone_id,
                failover=given.failover,
                health_path=asked_path(settings.balanced),
            ),
        )
    return balancer


def _url(settings: Settings, balancer: LoadBalancer) -> pulumi.Output[str]:
    if settings.load_balancer.domain:
        return pulumi.Output.from_input(f"https://{settings.load_balancer.domain}")
    scheme = "http" if settings.load_balancer.http else "https"
    return pulumi.Output.format("{0}://{1}", scheme, balancer.dns_name)
