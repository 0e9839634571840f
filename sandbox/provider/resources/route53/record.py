"""aws.route53.Record."""

import re

from sandbox.provider.kit import Call, Problems, Props, ProviderError, Resource, first, from_aws, only, to_aws

RESOURCE = Resource(
    __name__,
    "AWS::Route53::RecordSet",
    unserved="cidrRoutingPolicy geoproximityRoutingPolicy",
    replace="name",
    ordered="aliases *RoutingPolicies",
    names={
        "zoneId": "HostedZoneId",
        "aliases": "AliasTarget",
        "aliases.name": "DNSName",
        "aliases.zoneId": "HostedZoneId",
        "geolocationRoutingPolicies.continent": "ContinentCode",
        "geolocationRoutingPolicies.country": "CountryCode",
        "geolocationRoutingPolicies.subdivision": "SubdivisionCode",
        "multivalueAnswerRoutingPolicy": "MultiValueAnswer",
        "records": "ResourceRecords",
        "ttl": "TTL",
    },
)
_WAIT = 1800.0  # seconds for a change to reach every name server, upstream's default
_IMPORT = re.compile(r"([^_]+)_(.*?)_([A-Z]+)(?:_(.+))?")
_SETTINGS = ("type", "ttl", "setIdentifier", "healthCheckId", "multivalueAnswerRoutingPolicy")
_POLICIES = {  # by property, the API's name and the key of what the SDK wraps
    "weightedRoutingPolicies": ("Weight", "weight"),
    "failoverRoutingPolicies": ("Failover", "type"),
    "latencyRoutingPolicies": ("Region", "region"),
}


def create(call: Call, inputs: Props) -> str:
    action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
    _change(call, inputs["zoneId"], [(action, _record_set(call, inputs))])
    parts = [inputs["zoneId"], inputs["name"].lower().rstrip("."), inputs["type"]]
    return "_".join([*parts, *([inputs["setIdentifier"]] if inputs.get("setIdentifier") else [])])


def _change(call: Call, zone: str, changes: list[tuple[str, Props]]) -> None:
    route53 = call.client("route53")
    batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
    reply = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})
    change = reply["ChangeInfo"]["Id"].rsplit("/", 1)[1]
    call.wait(
        f"DNS change {change} to reach every name server",
        lambda: route53.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC",
        _WAIT,
    )


def _record_set(call: Call, inputs: Props) -> Props:
    record = RESOURCE.to_aws(inputs, *_SETTINGS)
    record["Name"] = _fqdn(call, inputs)
    if inputs.get("records"):
        record["ResourceRecords"] = [{"Value": _quoted(inputs["type"], r)} for r in inputs["records"]]
    if inputs.get("aliases"):
        record["AliasTarget"] = to_aws(RESOURCE.fields["aliases"].inner, inputs["aliases"][0])
    record |= {key: inputs[name][0][inner] for name, (key, inner) in _POLICIES.items() if inputs.get(name)}
    if inputs.get("geolocationRoutingPolicies"):
        fields = RESOURCE.fields["geolocationRoutingPolicies"].inner
        record["GeoLocation"] = to_aws(fields, inputs["geolocationRoutingPolicies"][0])
    return {k: v for k, v in record.items() if v is not False}


def _fqdn(call: Call, inputs: Props) -> str:
    """Return the full name: like upstream, one that does not end in the zone's is taken to be relative to it."""
    zone = str(call.client("route53").get_hosted_zone(Id=inputs["zoneId"])["HostedZone"]["Name"]).rstrip(".")
    name = inputs["name"].lower().rstrip(".")
    if not name:
        return zone
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"


def _quoted(type_: str, value: str) -> str:
    return f'"{value}"' if type_ in ("TXT", "SPF") and not value.startswith('"') else value


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if changed & {"type", "setIdentifier"}:  # they are the record's identity: one goes, another comes, in one change
        _change(call, new["zoneId"], [("DELETE", _record_set(call, old)), ("CREATE", _record_set(call, new))])
    else:
        _change(call, new["zoneId"], [("UPSERT", _record_set(call, new))])


def _find(call: Call, which: Props) -> Props:
    pages = call.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=which["zoneId"])
    wanted = (_fqdn(call, which), which["type"], which.get("setIdentifier") or None)
    return only(r for page in pages for r in page["ResourceRecordSets"] if _identity(r) == wanted)


def _identity(record: Props) -> tuple[str, str, str | None]:
    name = record["Name"].rstrip(".").replace("\\052", "*")  # how the API writes a wildcard
    return name, record["Type"], record.get("SetIdentifier")


def _imported(id_: str) -> Props:
    """Return which record an import means; names have underscores in them too."""
    match = _IMPORT.fullmatch(id_)
    if match is None:
        raise ProviderError(f"{id_!r} is not of the form ZONE_NAME_TYPE or ZONE_NAME_TYPE_SETIDENTIFIER")
    return dict(zip(("zoneId", "name", "type", "setIdentifier"), match.groups(), strict=True))


def read(call: Call, id_: str, prior: Props) -> Props:
    where = prior if prior.get("zoneId") else _imported(id_)
    record = _find(call, where)
    geolocation, fields = record.get("GeoLocation"), RESOURCE.fields["geolocationRoutingPolicies"].inner
    return {
        "zoneId": where["zoneId"],
        "name": where["name"],
        **RESOURCE.from_aws(record, *_SETTINGS),
        "records": _unquoted(record, prior),
        "aliases": _aliases(record, prior),
        **{n: [{inner: record[key]}] if key in record else [] for n, (key, inner) in _POLICIES.items()},
        "geolocationRoutingPolicies": [from_aws(fields, geolocation)] if geolocation else [],
        "fqdn": _fqdn(call, where),
    }


def _unquoted(record: Props, prior: Props) -> list[str]:
    """Return the values as the program wrote them: it may leave the quotes of a text record to the provider."""
    written = {_quoted(record["Type"], r): r for r in prior.get("records") or []}
    return [written.get(r["Value"], r["Value"]) for r in record.get("ResourceRecords") or []]


def _aliases(record: Props, prior: Props) -> list[Props]:
    if not record.get("AliasTarget"):
        return []
    alias = from_aws(RESOURCE.fields["aliases"].inner, record["AliasTarget"])
    written = first(a["name"] for a in prior.get("aliases") or [])
    if written and _host(written) == _host(alias["name"]):
        alias["name"] = written
    return [alias]


def _host(name: str) -> str:
    return name.lower().rstrip(".").removeprefix("dualstack.")


def delete(call: Call, id_: str, state: Props) -> None:
    _change(call, state["zoneId"], [("DELETE", _find(call, state))])


def check(inputs: Props) -> Problems:
    if ("records" in inputs) == ("aliases" in inputs):
        yield "records", "set exactly one of records and aliases"
    elif "records" in inputs and "ttl" not in inputs:
        yield "ttl", "missing; only an alias can do without"
