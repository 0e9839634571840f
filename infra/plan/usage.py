"""Asks AWS for the account's quotas, and how much of them is used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.plan import quotas
from infra.plan.quotas import ADDRESSES, SPOT_VCPUS, VCPUS, VPCS, Quota, Usage
from infra.settings import Settings
from release import names
from release.clients import FAILURES, client, code, described
from release.errors import ReleaseError
from release.rollout.observed import DeployedFleet

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.type_defs import FilterTypeDef
    from types_boto3_service_quotas import ServiceQuotasClient

_LIVE: FilterTypeDef = {"Name": "instance-state-name", "Values": ["pending", "running"]}


def look(settings: Settings, there: Sequence[DeployedFleet]) -> tuple[list[str], str]:
    """Return warnings of the quotas that the deploy would exceed; and why they could not be read, or "".

    Asks nothing if nothing new is needed. Never raises for what AWS refuses: a quota is only a warning.
    """
    desired = {found.name: found.group.desired for found in there}
    asked = quotas.asked(settings, desired)
    if not asked:
        return [], ""
    try:
        usage, vcpus = _ask(settings, asked, there)
    except (*FAILURES, ReleaseError) as error:
        return [], f"quotas could not be read: {described(error)}"
    need = quotas.needed(settings, desired, vcpus)
    return list(quotas.warnings(settings, need, usage)), ""


def _ask(
    settings: Settings, asked: Collection[Quota], there: Sequence[DeployedFleet]
) -> tuple[dict[Quota, Usage], Mapping[str, int]]:
    """Return what others use of each quota, and how many vCPUs each type has; all asked side by side."""
    region = settings.region
    ec2, limits = client("ec2", region), client("service-quotas", region)
    own = {member.id for found in there for member in found.group.instances}
    with ThreadPoolExecutor(max_workers=8) as threads:
        values = {quota: threads.submit(_limit, limits, quota) for quota in asked}
        counts = {quota: threads.submit(_COUNTS[quota], ec2, settings.stack) for quota in asked if quota in _COUNTS}
        of_vcpus = VCPUS in asked or SPOT_VCPUS in asked
        running = threads.submit(_running, ec2, settings.stack).result() if of_vcpus else []
    wanted = {kind for fleet in settings.fleets.values() for kind in fleet.instance_types} if of_vcpus else set[str]()
    vcpus = _vcpus(ec2, sorted({*(each.type for each in running), *wanted}))
    others = {VCPUS: 0, SPOT_VCPUS: 0}
    for each in running:
        others[each.quota] += vcpus.get(each.type, 0) if each.id not in own else 0
    used = others | {quota: count.result() for quota, count in counts.items()}
    return {quota: Usage(limit=values[quota].result(), used=used[quota]) for quota in asked}, vcpus


def _limit(limits: ServiceQuotasClient, quota: Quota) -> int | None:
    """Return the account's value (GetServiceQuota); None if AWS does not tell."""
    try:
        return int(limits.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]["Value"])
    except ClientError as error:
        if code(error) in ("NoSuchResourceException", "AccessDeniedException", "AccessDenied"):
            return None
        raise


@dataclass(frozen=True, kw_only=True)
class _Running:
    id: str
    type: str
    quota: Quota
    """The one that it counts for."""


def _running(ec2: EC2Client, stack: str) -> list[_Running]:
    """Return the instances that count, without those of the stack's scheduled work."""
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[_LIVE])
    counts = {None: VCPUS, "spot": SPOT_VCPUS}  # what is in a capacity block counts for neither
    return [
        _Running(id=str(instance["InstanceId"]), type=str(instance["InstanceType"]), quota=counts[life])
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
        if (life := instance.get("InstanceLifecycle")) in counts and quotas.is_standard(instance["InstanceType"])
        if not (_is_of(stack, instance) and any(tag["Key"] == names.JOB_TAG for tag in instance["Tags"]))
    ]


def _vcpus(ec2: EC2Client, types: Sequence[str]) -> dict[str, int]:
    if not types:
        return {}
    pages = ec2.get_paginator("describe_instance_types").paginate(
        Filters=[{"Name": "instance-type", "Values": list(types)}]
    )
    return {
        str(shown["InstanceType"]): int(shown["VCpuInfo"]["DefaultVCpus"])
        for page in pages
        for shown in page["InstanceTypes"]
    }


def _addresses(ec2: EC2Client, stack: str) -> int:
    return sum(not _is_of(stack, address) for address in ec2.describe_addresses()["Addresses"])


def _vpcs(ec2: EC2Client, stack: str) -> int:
    pages = ec2.get_paginator("describe_vpcs").paginate()
    return sum(not _is_of(stack, vpc) for page in pages for vpc in page["Vpcs"])


def _is_of(stack: str, shown: Mapping[str, Any]) -> bool:
    """Return whether it is the stack's own: a first deploy that failed may have left some."""
    return {"Key": names.STACK_TAG, "Value": stack} in shown.get("Tags", ())


_COUNTS: Mapping[Quota, Callable[[Any, str], int]] = {ADDRESSES: _addresses, VPCS: _vpcs}
