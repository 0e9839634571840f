"""Asks AWS for the account's quotas, and how much of them is used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.plan import quotas
from infra.plan.quotas import ADDRESSES, VCPUS, VPCS, Quota, Usage
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
        running = threads.submit(_running, ec2, settings.stack).result() if VCPUS in asked else {}
    wanted = {fleet.instance_types[0] for fleet in settings.fleets.values()} if VCPUS in asked else set[str]()
    vcpus = _vcpus(ec2, sorted({*running.values(), *wanted}))
    others = sum(vcpus.get(kind, 0) for instance, kind in running.items() if instance not in own)
    used = {VCPUS: others} | {quota: count.result() for quota, count in counts.items()}
    return {quota: Usage(limit=values[quota].result(), used=used[quota]) for quota in asked}, vcpus


def _limit(limits: ServiceQuotasClient, quota: Quota) -> int | None:
    """Return the account's value (GetServiceQuota); None if AWS does not tell."""
    try:
        return int(limits.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]["Value"])
    except ClientError as error:
        if code(error) in ("NoSuchResourceException", "AccessDeniedException", "AccessDenied"):
            return None
        raise


def _running(ec2: EC2Client, stack: str) -> dict[str, str]:
    """Return the types of the on-demand instances that count, by id; without those of the stack's scheduled work."""
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[_LIVE])
    return {
        str(instance["InstanceId"]): str(instance["InstanceType"])
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
        if instance.get("InstanceLifecycle") is None and quotas.is_standard(instance["InstanceType"])
        if not (_is_of(stack, instance) and any(tag["Key"] == names.JOB_TAG for tag in instance["Tags"]))
    }


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
