"""aws.route53: Record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError
from sandbox.provider.resources.translate import first, from_aws, to_aws
from sandbox.provider.schema import Field, Props, Resource, block, flag, items, number, text, unordered

_WAIT = 1800.0  # seconds for a change to reach every name server, upstream's default
_IMPORT = re.compile(r"([^_]+)_(.*?)_([A-Z]+)(?:_(.+))?")
_ALIAS = {
    "name": text(required=True, aws="DNSName"),
    "zoneId": text(required=True, aws="HostedZoneId"),
    "evaluateTargetHealth": flag(required=True),
}
_GEOLOCATION = {
    "continent": text(aws="ContinentCode"),
    "country": text(aws="CountryCode"),
    "subdivision": text(aws="SubdivisionCode"),
}
_FIELDS: dict[str, Field] = {
    "zoneId": text(required=True, replace=True, aws="HostedZoneId"),
    "name": text(required=True, replace=True),
    "type": text(required=True),
    "ttl": number(aws="TTL"),
    "records": unordered(aws="ResourceRecords"),
    "aliases": items(block(_ALIAS), aws="AliasTarget"),
    "setIdentifier": text(),
    "healthCheckId": text(),
    "weightedRoutingPolicies": items(block({"weight": number(required=True)})),
    "failoverRoutingPolicies": items(block({"type": text(required=True)})),
    "latencyRoutingPolicies": items(block({"region": text(required=True)})),
    "geolocationRoutingPolicies": items(block(_GEOLOCATION)),
    "multivalueAnswerRoutingPolicy": flag(aws="MultiValueAnswer"),
    "allowOverwrite": flag(computed=True),
}


def _create(call: Call, props: Props) -> str:
    action = "UPSERT" if props.get("allowOverwrite") else "CREATE"
    _change(call, props["zoneId"], [(action, _record_set(call, props))])
    parts = [props["zoneId"], props["name"].lower().rstrip("."), props["type"]]
    return "_".join([*parts, *([props["setIdentifier"]] if props.get("setIdentifier") else [])])


def _change(call: Call, zone: str, changes: Sequence[tuple[str, dict[str, Any]]]) -> None:
    route53 = call.client("route53")
    batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
    reply = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})
    change = reply["ChangeInfo"]["Id"].rsplit("/", 1)[1]
    call.wait(
        f"DNS change {change} to reach every name server",
        lambda: route53.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC",
        _WAIT,
    )


def _record_set(call: Call, props: Props) -> dict[str, Any]:
    record = to_aws(_FIELDS, props, "type", "ttl", "setIdentifier", "healthCheckId", "multivalueAnswerRoutingPolicy")
    record["Name"] = _fqdn(call, props)
    if props.get("records"):
        record["ResourceRecords"] = [{"Value": _quoted(props["type"], r)} for r in props["records"]]
    if props.get("aliases"):
        record["AliasTarget"] = to_aws(_ALIAS, props["aliases"][0])
    if props.get("weightedRoutingPolicies"):
        record["Weight"] = props["weightedRoutingPolicies"][0]["weight"]
    if props.get("failoverRoutingPolicies"):
        record["Failover"] = props["failoverRoutingPolicies"][0]["type"]
    if props.get("latencyRoutingPolicies"):
        record["Region"] = props["latencyRoutingPolicies"][0]["region"]
    if props.get("geolocationRoutingPolicies"):
        record["GeoLocation"] = to_aws(_GEOLOCATION, props["geolocationRoutingPolicies"][0])
    return {k: v for k, v in record.items() if v is not False}


def _fqdn(call: Call, props: Props) -> str:
    """The full name: like upstream, one that does not end in the zone's is taken to be relative to it."""
    zone = str(call.client("route53").get_hosted_zone(Id=props["zoneId"])["HostedZone"]["Name"]).rstrip(".")
    name = props["name"].lower().rstrip(".")
    if not name:
        return zone
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"


def _quoted(type_: str, value: str) -> str:
    return f'"{value}"' if type_ in ("TXT", "SPF") and not value.startswith('"') else value


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if changed & {"type", "setIdentifier"}:  # they are the record's identity: one goes, another comes, in one change
        _change(call, new["zoneId"], [("DELETE", _record_set(call, old)), ("CREATE", _record_set(call, new))])
    else:
        _change(call, new["zoneId"], [("UPSERT", _record_set(call, new))])


def _find(call: Call, props: Props) -> dict[str, Any] | None:
    name = _fqdn(call, props)
    pages = call.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=props["zoneId"])
    wanted = (name, props["type"], props.get("setIdentifier") or None)
    return first(r for page in pages for r in page["ResourceRecordSets"] if _identity(r) == wanted)


def _identity(record: dict[str, Any]) -> tuple[str, str, str | None]:
    name = record["Name"].rstrip(".").replace("\\052", "*")  # how the API writes a wildcard
    return name, record["Type"], record.get("SetIdentifier")


def _imported(id_: str) -> Props:
    """Which record an import means; names have underscores in them too."""
    match = _IMPORT.fullmatch(id_)
    if match is None:
        raise ProviderError(f"{id_!r} is not of the form ZONE_NAME_TYPE or ZONE_NAME_TYPE_SETIDENTIFIER")
    zone, name, type_, identifier = match.groups()
    return {"zoneId": zone, "name": name, "type": type_, "setIdentifier": identifier}


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    where = prior if prior.get("zoneId") else _imported(id_)
    record = _find(call, where)
    if record is None:
        return None
    geolocation = record.get("GeoLocation")
    policies = {
        "weightedRoutingPolicies": [{"weight": record["Weight"]}] if "Weight" in record else [],
        "failoverRoutingPolicies": [{"type": record["Failover"]}] if "Failover" in record else [],
        "latencyRoutingPolicies": [{"region": record["Region"]}] if "Region" in record else [],
        "geolocationRoutingPolicies": [from_aws(_GEOLOCATION, geolocation)] if geolocation else [],
    }
    return {
        "zoneId": where["zoneId"],
        "name": where["name"],
        **from_aws(_FIELDS, record, "type", "ttl", "setIdentifier", "healthCheckId", "multivalueAnswerRoutingPolicy"),
        "records": _unquoted(record, prior),
        "aliases": _aliases(record, prior),
        **policies,
        "fqdn": _fqdn(call, where),
    }


def _unquoted(record: dict[str, Any], prior: Props) -> list[str]:
    """The values as the program wrote them: it may leave the quotes of a text record to the provider."""
    written = {_quoted(record["Type"], r): r for r in prior.get("records") or []}
    return [written.get(r["Value"], r["Value"]) for r in record.get("ResourceRecords") or []]


def _aliases(record: dict[str, Any], prior: Props) -> list[Props]:
    target = record.get("AliasTarget")
    if not target:
        return []
    alias = from_aws(_ALIAS, target)
    written = first(a["name"] for a in prior.get("aliases") or [])
    if written and _host(written) == _host(alias["name"]):
        alias["name"] = written
    return [alias]


def _host(name: str) -> str:
    return name.lower().rstrip(".").removeprefix("dualstack.")


def _delete(call: Call, id_: str, state: Props) -> None:
    record = _find(call, state)
    if record:
        _change(call, state["zoneId"], [("DELETE", record)])


def _check(inputs: Props) -> Sequence[tuple[str, str]]:
    if ("records" in inputs) == ("aliases" in inputs):
        return [("records", "set exactly one of records and aliases")]
    if "records" in inputs and "ttl" not in inputs:
        return [("ttl", "missing; a record that is no alias has one")]
    return ()


RESOURCES = (
    Resource(
        type="aws:route53/record:Record",
        cfn="AWS::Route53::RecordSet",
        fields=_FIELDS,
        outputs=("fqdn",),
        regional=False,
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        check=_check,
    ),
)
