"""aws.route53.Zone."""

import uuid

from sandbox.provider.call import Call, Client
from sandbox.provider.resource import Resource
from sandbox.provider.resources.route53 import common, tag
from sandbox.provider.schema import Props
from sandbox.provider.tags import tag_list
from sandbox.provider.translate import first

RESOURCE = Resource(
    __name__,
    "AWS::Route53::HostedZone",
    unserved="delegationSetId enableAcceleratedRecovery vpcs",
    required="name",
    defaults={"comment": "Managed by Pulumi", "forceDestroy": False},
)


def create(call: Call, inputs: Props) -> str:
    reply = call.client("route53").create_hosted_zone(
        Name=inputs["name"],
        CallerReference=uuid.uuid4().hex,
        HostedZoneConfig={"Comment": inputs["comment"], "PrivateZone": False},
    )
    id_ = str(reply["HostedZone"]["Id"].rsplit("/", 1)[1])
    call.created(id_)
    if inputs.get("tags"):
        tag(call, id_, tag_list(inputs["tags"]))
    return id_


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if "comment" in changed:
        call.client("route53").update_hosted_zone_comment(Id=id_, Comment=new["comment"])


def read(call: Call, id_: str, prior: Props) -> Props | None:
    reply = call.client("route53").get_hosted_zone(Id=id_)
    zone, servers = reply["HostedZone"], reply.get("DelegationSet", {}).get("NameServers", [])
    return {
        "name": zone["Name"].rstrip("."),
        "comment": zone["Config"].get("Comment", ""),
        "nameServers": sorted(servers),
        "primaryNameServer": first(sorted(servers)),
        "zoneId": id_,
        **common(call, id_),
    }


def delete(call: Call, id_: str, state: Props) -> None:
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
