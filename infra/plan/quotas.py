"""The account's quotas that a deploy may exceed. Pure.

Only those that a young account meets: the others (50 load balancers, 100 rules of one, 5,000 launch templates, 2,500
security groups, 3,000 target groups a region) are far from what stacks need. Source: each service's quotas page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.settings import FleetSettings, Settings
from release.postures import ACTIVE


@dataclass(frozen=True, kw_only=True)
class Quota:
    """`default` is that of a new account, which is assumed where AWS doesn't tell."""

    service: str
    code: str
    what: str
    default: int


ADDRESSES = Quota(service="ec2", code="L-0263D0A3", what="Elastic IP addresses", default=5)
VPCS = Quota(service="vpc", code="L-F678F1CE", what="VPCs", default=5)
VCPUS = Quota(service="ec2", code="L-1216C47A", what="vCPUs of on-demand standard instances", default=5)
SPOT_VCPUS = Quota(service="ec2", code="L-34B43A08", what="vCPUs of standard spot instances", default=5)
STANDARD = tuple("acdhimrtz")
"""First letters of the instance types that VCPUS and SPOT_VCPUS count (EC2 user guide, "On-Demand Instance quotas" and
"Spot Instance quotas")."""
_SPECIAL = ("dl", "hpc", "inf", "mac", "trn")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """One quota's value (None if AWS does not tell), and how much of it is used already."""

    limit: int | None
    used: int


def is_standard(instance_type: str) -> bool:
    """Return whether VCPUS counts the type: t3.small and m6i.large, but neither g5.xlarge nor inf2.xlarge."""
    return instance_type.startswith(STANDARD) and not instance_type.startswith(_SPECIAL)


def asked(settings: Settings, desired: Mapping[str, int]) -> list[Quota]:
    """Return the quotas that something new would need; `desired` is the size of each running fleet."""
    fleets = list(settings.fleets.values())
    grows = any(_grows(fleet, desired) and is_standard(fleet.instance_types[0]) for fleet in fleets)
    new = [VCPUS] if grows else []
    # How many of a running fleet's instances are spot is not known here, so it may need more of them at any time.
    if any(fleet.distribution and any(map(is_standard, fleet.instance_types)) for fleet in fleets):
        new.append(SPOT_VCPUS)
    if not desired:
        new.append(VPCS)
        if settings.network.nat != "none":
            new.append(ADDRESSES)
    return new


def needed(settings: Settings, desired: Mapping[str, int], vcpus: Mapping[str, int]) -> dict[Quota, int]:
    """Return how much of each quota the stack takes at its peak, when it is active.

    That is a rollout of all fleets while all scheduled work is done.
    """
    zones = settings.network.zones
    jobs = [settings.fleets[job.fleet].instance_types[0] for job in settings.schedule.values()]
    fleets = [fleet for fleet in settings.fleets.values() if is_standard(fleet.instance_types[0])]
    return {
        VPCS: 1,
        ADDRESSES: {"none": 0, "single": 1, "per-az": zones if isinstance(zones, int) else len(zones)}[
            settings.network.nat
        ],
        VCPUS: sum(
            _on_demand(fleet, desired.get(fleet.name, 0)) * vcpus.get(fleet.instance_types[0], 0) for fleet in fleets
        )
        + sum(vcpus.get(kind, 0) for kind in jobs if is_standard(kind)),
    } | _spot(settings, desired, vcpus)


def _spot(settings: Settings, desired: Mapping[str, int], vcpus: Mapping[str, int]) -> dict[Quota, int]:
    """Return what fleets with a distribution take of SPOT_VCPUS, if all of it is of the largest type they may have."""
    needed = [
        (_peak(fleet, size) - distribution.on_demand(_peak(fleet, size)))
        * max(vcpus.get(kind, 0) for kind in fleet.instance_types)
        for fleet in settings.fleets.values()
        if (distribution := fleet.distribution)
        for size in (desired.get(fleet.name, 0),)
    ]
    return {SPOT_VCPUS: sum(needed)} if needed else {}


def warnings(settings: Settings, need: Mapping[Quota, int], usage: Mapping[Quota, Usage]) -> Iterator[str]:
    """One line for each quota that would be exceeded; `used` is what others than the stack use."""
    for quota, used in usage.items():
        limit = quota.default if used.limit is None else used.limit
        total = used.used + need[quota]
        if total <= limit:
            continue
        known = "" if used.limit is not None else ", a new account's (AWS did not tell this one's)"
        yield (
            f"{quota.what}: {_takes(quota, settings)} {need[quota]}, and {used.used} are used beside it, in "
            f"{settings.region}; the quota {quota.code} is {limit}{known}. Ask for more (`aws service-quotas "
            f"request-service-quota-increase --service-code {quota.service} --quota-code {quota.code} --desired-value "
            f"{total} --region {settings.region}`){_or(quota)}"
        )


def _grows(fleet: FleetSettings, desired: Mapping[str, int]) -> bool:
    return fleet.size.min > desired.get(fleet.name, 0)


def _peak(fleet: FleetSettings, desired: int) -> int:
    """Instances while a rollout goes on; maxHealthyPercentage is rounded up (InstanceMaintenancePolicy)."""
    return -(-max(fleet.size.min, desired) * fleet.rollout.max_healthy_percentage // 100)


def _on_demand(fleet: FleetSettings, desired: int) -> int:
    """Instances on demand at the peak: at most the old ones' and the new ones', each by themselves."""
    peak, distribution = _peak(fleet, desired), fleet.distribution
    if distribution is None:
        return peak
    before = max(fleet.size.min, desired)
    return distribution.on_demand(before) + distribution.on_demand(peak - before)


def _takes(quota: Quota, settings: Settings) -> str:
    if quota not in (VCPUS, SPOT_VCPUS):
        return "the stack takes"
    then = "once the stack is active, " if settings.posture != ACTIVE else ""
    work = " and all scheduled work is done" if settings.schedule else ""
    return f"the fleets take, {then}while all of them are rolled out{work},"


def _or(quota: Quota) -> str:
    if quota is VCPUS:
        return ", or set a smaller rollout.maxHealthyPercentage or size.min"
    if quota is SPOT_VCPUS:
        return ", or set a smaller rollout.maxHealthyPercentage or a higher capacity.onDemandBase"
    return ", or set network.nat to single or none" if quota is ADDRESSES else ""
