"""A batch of changes to a zone's records, which is made as a whole or not at all.

Source: ChangeResourceRecordSets in the Route 53 API reference. moto keeps a journal instead of looking at the records,
lets records of different routing policies lie beside each other, and removes by SetIdentifier alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from moto.route53.exceptions import Route53ClientError
from moto.route53.models import FakeZone, RecordSet

Json = dict[str, Any]
Identity = tuple[str, str, str | None]

_POLICIES = ("Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer")
_APEX = ("NS", "SOA")


class InvalidChangeBatchError(Route53ClientError):
    """The batch contains a change that can't be made."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("InvalidChangeBatch", f"[{', '.join(problems)}]")


def plain(name: str) -> str:
    """Return a name in lower case, without the final dot: names that differ in nothing else are the same."""
    return name.lower().rstrip(".").replace("\\052", "*")


def identity(record: RecordSet) -> Identity:
    """Return what tells a record set apart from the others of its zone."""
    return plain(record.name), str(record.type), record.set_identifier


def changed(zone: FakeZone, changes: Sequence[Json], checks: Collection[str]) -> list[RecordSet]:
    """Return the zone's record sets after the changes. Raises InvalidChangeBatchError if one can't be made.

    `checks` has the ids of the health checks that there are.
    """
    there = {identity(record): record for record in zone.rrsets}
    problems: list[str] = []
    for change in changes:
        wanted = _record(change["ResourceRecordSet"])
        found = list(_problems(change["Action"], wanted, there, zone.name, checks))
        problems += found
        if found:
            continue
        if change["Action"] == "DELETE":
            del there[identity(wanted)]
        else:
            there[identity(wanted)] = wanted
    if problems:
        raise InvalidChangeBatchError(problems)
    return list(there.values())


def _record(given: Mapping[str, Any]) -> RecordSet:
    name = f"{plain(given['Name'])}.".replace("*", "\\052")
    values = [str(value["Value"]) for value in given.get("ResourceRecords") or []]
    return cast(
        RecordSet, RecordSet({**given, "Name": name, "ResourceRecords": values})
    )  # its metaclass hides the type


def _problems(
    action: str, wanted: RecordSet, there: Mapping[Identity, RecordSet], zone: str, checks: Collection[str]
) -> Iterator[str]:
    name, type_, identifier = identity(wanted)
    what = f"[name='{wanted.name}', type='{type_}'{f', set-identifier={identifier!r}' if identifier else ''}]"
    known = there.get((name, type_, identifier))
    if name != plain(zone) and not name.endswith(f".{plain(zone)}"):
        yield f"RRSet with DNS name {wanted.name} is not permitted in zone {zone}"
    elif action == "DELETE":
        if known is None:
            yield f"Tried to delete resource record set {what} but it was not found"
        elif _content(known) != _content(wanted):
            yield (
                f"Tried to delete resource record set {what} but the values provided do not match the current values"
            )
        elif name == plain(zone) and type_ in _APEX:
            yield f"A HostedZone must contain at least one {type_} record for the zone itself."
    else:
        if action == "CREATE" and known is not None:
            yield f"Tried to create resource record set {what} but it already exists"
        if wanted.health_check_id and wanted.health_check_id not in checks:
            yield f"The health check {wanted.health_check_id} that {what} refers to does not exist"
        yield from _conflicts(wanted, [other for other in there.values() if identity(other) != identity(wanted)], zone)


def _conflicts(wanted: RecordSet, others: Sequence[RecordSet], zone: str) -> Iterator[str]:
    """Yield which records of the same name a record can't lie beside."""
    name, type_, identifier = identity(wanted)
    beside = [other for other in others if identity(other)[0] == name]
    for other in beside:
        if "CNAME" in (type_, other.type) and type_ != other.type:
            yield (
                f"RRSet of type {type_} with DNS name {wanted.name} is not permitted because a conflicting RRSet of "
                f"type {other.type} with the same DNS name already exists in zone {zone}"
            )
    this = f"RRSet with DNS name {wanted.name}, type {type_}, SetIdentifier {identifier}"
    policy = _policy(wanted)
    if (policy is None) != (identifier is None):
        yield f"{this} must have both a SetIdentifier and a routing policy, or neither"
    for other in (each for each in beside if each.type == type_):
        if _policy(other) != policy:
            yield f"{this} cannot be created as other RRSets exist with the same name and type: another routing policy"
        elif policy == "Failover" and other.failover == wanted.failover:
            yield (
                f"{this} cannot be created as a {wanted.failover} failover RRSet exists with the same name and type, "
                f"SetIdentifier {other.set_identifier}"
            )


def _policy(record: RecordSet) -> str | None:
    values = (record.weight, record.region, record.failover, record.geo_location, record.multi_value_answer)
    return next((name for name, value in zip(_POLICIES, values, strict=True) if value not in (None, False)), None)


def _content(record: RecordSet) -> tuple[object, ...]:
    """Return what a DELETE has to repeat."""
    alias = record.alias_target or {}
    return (
        str(record.ttl),
        sorted(str(value) for value in record.records or ()),
        plain(str(alias.get("DNSName", ""))),
        alias.get("HostedZoneId"),
        alias.get("EvaluateTargetHealth", False) in (True, "true"),
        str(record.weight),
        record.region,
        record.failover,
        record.health_check_id,
    )
