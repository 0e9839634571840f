"""Finds instance types that the zones of a stack do not offer (EC2 DescribeInstanceTypeOfferings)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from botocore.exceptions import ClientError

from infra.plan.found import Found
from infra.settings import Settings
from release.clients import client, code

_DENIED = {"UnauthorizedOperation", "AccessDenied"}


def look(settings: Settings, zones: Collection[str]) -> Found:
    """Return the fleets that could launch nothing, and those that could not in each zone. Raises what boto3 raises.

    A caller who may not ask learns nothing.
    """
    types = sorted({name for fleet in settings.fleets.values() for name in fleet.instance_types})
    try:
        offered = _offered(settings.region, types, zones)
    except ClientError as error:
        if code(error) in _DENIED:
            return Found()
        raise
    wanted = {name: fleet.instance_types for name, fleet in settings.fleets.items()}
    return Found(
        problems=tuple(refused(wanted, offered, settings.region)),
        warnings=tuple(lacking(wanted, offered, sorted(zones))),
    )


def refused(wanted: Mapping[str, Sequence[str]], offered: Mapping[str, Collection[str]], region: str) -> Iterator[str]:
    """Yield the fleets of whose types none is offered in any zone; `offered` has the zones by type. Pure."""
    for fleet, types in wanted.items():
        if not any(offered.get(name) for name in types):
            yield (
                f"fleets.{fleet}.instanceTypes: no zone of the stack in {region} offers {' or '.join(types)}; "
                f"`aws ec2 describe-instance-type-offerings --region {region} --location-type availability-zone` "
                "shows what there is"
            )


def lacking(
    wanted: Mapping[str, Sequence[str]], offered: Mapping[str, Collection[str]], zones: Sequence[str]
) -> Iterator[str]:
    """Yield a warning for each fleet that can launch instances in some zones only. Pure."""
    for fleet, types in wanted.items():
        without = [zone for zone in zones if not any(zone in offered.get(name, ()) for name in types)]
        if without and len(without) < len(zones):
            yield (
                f"fleets.{fleet}.instanceTypes: no instance will be in {' and '.join(without)}, where there is none of "
                f"{', '.join(types)}; add a type, or name other zones in network.zones"
            )


def _offered(region: str, types: Sequence[str], zones: Collection[str]) -> dict[str, set[str]]:
    """Return the zones that offer a type, by type."""
    pages = (
        client("ec2", region)
        .get_paginator("describe_instance_type_offerings")
        .paginate(
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": list(types)}, {"Name": "location", "Values": sorted(zones)}],
        )
    )
    found: dict[str, set[str]] = {}
    for page in pages:
        for each in page["InstanceTypeOfferings"]:
            found.setdefault(str(each["InstanceType"]), set()).add(str(each["Location"]))
    return found
