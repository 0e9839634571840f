"""The domain's address records as they are, and which of them keep the stack's own from being made.

Route 53 has one primary and one secondary record of a name, and no failover record beside a simple one
(ResourceRecordSet in its API reference). Where it can't be asked, nothing is refused: an `up` that has no record to
change must work while it is silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.plan import lookup
from infra.settings import Settings
from infra.settings.problems import set_command
from release.clients import FAILURES, SHORTLY, client, described
from release.errors import ReleaseError

_FAILOVER = "loadBalancer.failover"


@dataclass(frozen=True, kw_only=True)
class AddressRecord:
    """An address record of the domain; `failover` is PRIMARY, SECONDARY or "", `target` where it leads."""

    identifier: str
    failover: str
    target: str


def look(settings: Settings) -> tuple[list[str], str]:
    """Return the problems of the domain's records; and why they could not be read, or ""."""
    balancer = settings.load_balancer
    if not (balancer.domain and balancer.hosted_zone):
        return [], ""
    try:
        there = records(settings.region, balancer.hosted_zone, balancer.domain)
        own = lookup.balancer(settings.region, settings.stack) if there else None
    except (*FAILURES, ReleaseError) as error:
        return [], f"the records of {balancer.domain} could not be read: {described(error)}"
    return list(problems(settings, there, own)), ""


def records(region: str, zone: str, domain: str) -> list[AddressRecord]:
    """Return the domain's address records (ListResourceRecordSets)."""
    answer = client("route53", region, SHORTLY).list_resource_record_sets(
        HostedZoneId=zone, StartRecordName=domain, StartRecordType="A"
    )
    return [
        AddressRecord(
            identifier=str(record.get("SetIdentifier", "")),
            failover=str(record.get("Failover", "")),
            target=_plain(record["AliasTarget"]["DNSName"]) if "AliasTarget" in record else _values(record),
        )
        for record in answer["ResourceRecordSets"]
        if (_plain(record["Name"]), record["Type"]) == (domain, "A")
    ]


def problems(settings: Settings, there: Sequence[AddressRecord], own: str | None) -> Iterator[str]:
    """Yield what is in the way of the stack's record. `own` is its balancer's DNS name, None if there is none yet."""
    domain, wanted = settings.load_balancer.domain, settings.load_balancer.failover
    others = [record for record in there if not _is_own(record, settings.stack, own)]
    for record in others:
        whose = f"of the stack {record.identifier}" if record.identifier else f"that leads to {record.target}"
        role = record.failover.lower()
        if role and wanted == "none":
            yield (
                f"{_FAILOVER}: {domain} has a {role} record {whose}, and Route 53 takes no record without failover "
                f"beside it; `{set_command(_FAILOVER, _other(role))}`, or remove that record"
            )
        elif role and role == wanted:
            yield (
                f"{_FAILOVER}: {domain} has a {role} record already, {whose}; "
                f"`{set_command(_FAILOVER, _other(role))}`, or remove that record"
            )
        elif not role and wanted != "none":
            yield (
                f"{_FAILOVER}: {domain} has a record without failover, {whose}, and Route 53 takes no other beside it; "
                f"in the stack that declares it, `{set_command(_FAILOVER, _other(wanted))}` and `pulumi up` come first"
            )
        elif not role and own is None:
            yield (
                f"loadBalancer.domain: {domain} has a record already, {whose}; give this stack another domain, or let "
                f"the two stand in for each other by {_FAILOVER}"
            )


def _is_own(record: AddressRecord, stack: str, own: str | None) -> bool:
    """Return whether a record is this stack's: it leads to its balancer, or has its name and the balancer is there."""
    return own is not None and (record.target == _plain(own) or record.identifier == stack)


def _other(role: str) -> str:
    return "secondary" if role == "primary" else "primary"


def _values(record: object) -> str:
    values = record.get("ResourceRecords", ()) if isinstance(record, dict) else ()
    return ", ".join(str(value["Value"]) for value in values)


def _plain(name: str) -> str:
    return name.lower().rstrip(".").removeprefix("dualstack.")
