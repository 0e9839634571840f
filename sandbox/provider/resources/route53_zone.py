"""aws.route53: Zone and HealthCheck."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.provider.call import Call, Client, partition
from sandbox.provider.resources.translate import first, from_aws, removed_tags, stripped, tag_list, tag_map, to_aws
from sandbox.provider.schema import TAGS, Field, Props, Resource, block, flag, mapping, number, text, unordered

_VPC = {"vpcId": text(required=True, aws="VPCId"), "vpcRegion": text(computed=True, aws="VPCRegion")}
_ZONE: dict[str, Field] = {
    "name": text(required=True, replace=True),
    "comment": text(default="Managed by Pulumi"),
    "delegationSetId": text(replace=True),
    "forceDestroy": flag(default=False),
    "vpcs": unordered(block(_VPC)),
    "tags": TAGS,
}


def _create_zone(call: Call, props: Props) -> str:
    vpcs = _vpcs(call, props)
    reply = call.client("route53").create_hosted_zone(
        **stripped({"Name": props["name"], "DelegationSetId": props.get("delegationSetId")}),
        CallerReference=uuid.uuid4().hex,
        HostedZoneConfig={"Comment": props.get("comment") or "", "PrivateZone": bool(vpcs)},
        **({"VPC": vpcs[0]} if vpcs else {}),
    )
    id_ = str(reply["HostedZone"]["Id"].rsplit("/", 1)[1])
    call.created(id_)
    for vpc in vpcs[1:]:
        call.client("route53").associate_vpc_with_hosted_zone(HostedZoneId=id_, VPC=vpc)
    set_tags(call, "hostedzone", id_, {}, props)
    return id_


def _vpcs(call: Call, props: Props) -> list[dict[str, str]]:
    return [{"VPCId": v["vpcId"], "VPCRegion": v.get("vpcRegion") or call.region} for v in props.get("vpcs") or []]


def set_tags(call: Call, kind: str, id_: str, old: Props, new: Props) -> None:
    """Make the tags of a zone or a health check what the new inputs say."""
    changes = {"AddTags": tag_list(new.get("tags")), "RemoveTagKeys": removed_tags(old, new)}
    changes = {k: v for k, v in changes.items() if v}
    if changes:
        call.client("route53").change_tags_for_resource(ResourceType=kind, ResourceId=id_, **changes)


def _update_zone(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    route53 = call.client("route53")
    if "comment" in changed:
        route53.update_hosted_zone_comment(Id=id_, Comment=new.get("comment") or "")
    if "vpcs" in changed:
        have, want = _vpcs(call, old), _vpcs(call, new)
        for vpc in (v for v in want if v not in have):  # the last VPC of a private zone cannot be taken away
            route53.associate_vpc_with_hosted_zone(HostedZoneId=id_, VPC=vpc)
        for vpc in (v for v in have if v not in want):
            route53.disassociate_vpc_from_hosted_zone(HostedZoneId=id_, VPC=vpc)
    if "tags" in changed:
        set_tags(call, "hostedzone", id_, old, new)


def _read_zone(call: Call, id_: str, prior: Props) -> Props | None:
    reply = call.client("route53").get_hosted_zone(Id=id_)
    zone, servers = reply["HostedZone"], reply.get("DelegationSet", {}).get("NameServers", [])
    return {
        "name": zone["Name"].rstrip("."),
        "comment": zone["Config"].get("Comment", ""),
        "vpcs": [from_aws(_VPC, v) for v in reply.get("VPCs") or []],
        "tags": read_tags(call, "hostedzone", id_),
        "arn": f"arn:{partition(call.region)}:route53:::hostedzone/{id_}",
        "nameServers": sorted(servers),
        "primaryNameServer": first(sorted(servers)),
        "zoneId": id_,
    }


def read_tags(call: Call, kind: str, id_: str) -> dict[str, str]:
    """The tags of a zone or a health check."""
    reply = call.client("route53").list_tags_for_resource(ResourceType=kind, ResourceId=id_)
    return tag_map(reply["ResourceTagSet"]["Tags"])


def _delete_zone(call: Call, id_: str, state: Props) -> None:
    route53 = call.client("route53")
    if state.get("forceDestroy"):
        _empty(route53, id_, state["name"])
    route53.delete_hosted_zone(Id=id_)


def _empty(route53: Client, zone: str, name: str) -> None:
    """Delete every record but the two that come with a zone."""
    apex = name.rstrip(".") + "."
    for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone):
        for record in page["ResourceRecordSets"]:
            if record["Name"] == apex and record["Type"] in ("NS", "SOA"):
                continue
            changes = [{"Action": "DELETE", "ResourceRecordSet": record}]
            route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


_CHECK: dict[str, Field] = {
    "type": text(required=True, replace=True),
    "fqdn": text(aws="FullyQualifiedDomainName"),
    "ipAddress": text(aws="IPAddress"),
    "port": number(),
    "resourcePath": text(),
    "searchString": text(),
    "requestInterval": number(replace=True, computed=True),
    "failureThreshold": number(computed=True),
    "measureLatency": flag(default=False, replace=True),
    "enableSni": flag(computed=True, aws="EnableSNI"),
    "invertHealthcheck": flag(aws="Inverted"),
    "disabled": flag(default=False),
    "childHealthchecks": unordered(aws="ChildHealthChecks"),
    "childHealthThreshold": number(aws="HealthThreshold"),
    "regions": unordered(),
    "insufficientDataHealthStatus": text(),
    "referenceName": text(replace=True),
    "triggers": mapping(),
    "tags": TAGS,
}
_FIXED = ("type", "requestInterval", "measureLatency")
_LOCAL = ("referenceName", "triggers", "tags")


def _create_check(call: Call, props: Props) -> str:
    reply = call.client("route53").create_health_check(
        CallerReference=f"{props.get('referenceName', '')}{uuid.uuid4().hex}",
        HealthCheckConfig=_config(props),
    )
    id_ = str(reply["HealthCheck"]["Id"])
    call.created(id_)
    set_tags(call, "healthcheck", id_, {}, props)
    return id_


def _config(props: Props) -> dict[str, Any]:
    return to_aws(_CHECK, {k: v for k, v in props.items() if k not in _LOCAL})


def _update_check(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    settings = {k: v for k, v in new.items() if k not in _FIXED}
    if changed - set(_LOCAL):
        call.client("route53").update_health_check(HealthCheckId=id_, **_config(settings))
    if "tags" in changed:
        set_tags(call, "healthcheck", id_, old, new)


def _read_check(call: Call, id_: str, prior: Props) -> Props | None:
    config = call.client("route53").get_health_check(HealthCheckId=id_)["HealthCheck"]["HealthCheckConfig"]
    settings = {k: v for k, v in from_aws(_CHECK, config).items() if k not in _LOCAL}
    for name in ("failureThreshold", "enableSni"):
        if settings[name] is None:
            del settings[name]
    return {
        **settings,
        "tags": read_tags(call, "healthcheck", id_),
        "arn": f"arn:{partition(call.region)}:route53:::healthcheck/{id_}",
    }


def _delete_check(call: Call, id_: str, state: Props) -> None:
    call.client("route53").delete_health_check(HealthCheckId=id_)


RESOURCES = (
    Resource(
        type="aws:route53/zone:Zone",
        cfn="AWS::Route53::HostedZone",
        fields=_ZONE,
        outputs=("arn", "nameServers", "primaryNameServer", "tagsAll", "zoneId"),
        regional=False,
        create=_create_zone,
        read=_read_zone,
        update=_update_zone,
        delete=_delete_zone,
    ),
    Resource(
        type="aws:route53/healthCheck:HealthCheck",
        cfn="",
        fields=_CHECK,
        outputs=("arn", "tagsAll"),
        regional=False,
        create=_create_check,
        read=_read_check,
        update=_update_check,
        delete=_delete_check,
    ),
)
