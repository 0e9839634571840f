"""aws.ec2: VpcEndpoint (gateway and interface) and FlowLog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError, is_gone
from sandbox.provider.resources.translate import first, from_aws, tag_map, tag_specification, to_aws, update_ec2_tags
from sandbox.provider.schema import TAGS, Field, Props, Resource, block, flag, json_text, number, text, unordered

_SETS = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}
_ENDPOINT: dict[str, Field] = {
    "vpcId": text(required=True, replace=True),
    "serviceName": text(required=True, replace=True),
    "vpcEndpointType": text(default="Gateway", replace=True),
    "policy": json_text(computed=True, aws="PolicyDocument"),
    "privateDnsEnabled": flag(computed=True),
    "ipAddressType": text(computed=True),
    "routeTableIds": unordered(computed=True),
    "subnetIds": unordered(computed=True),
    "securityGroupIds": unordered(computed=True),
    "tags": TAGS,
}


def _create_endpoint(call: Call, props: Props) -> str:
    reply = call.client("ec2").create_vpc_endpoint(
        **to_aws(_ENDPOINT, {**props, "tags": None}), TagSpecifications=tag_specification("vpc-endpoint", props)
    )
    id_ = str(reply["VpcEndpoint"]["VpcEndpointId"])
    call.created(id_)
    call.wait(f"endpoint {id_} to be available", lambda: _is_available(call, id_))
    return id_


def _is_available(call: Call, id_: str) -> bool:
    endpoint = _endpoint(call, id_) or {"State": "pending"}
    if endpoint["State"].lower() in ("failed", "rejected", "expired"):
        raise ProviderError(f"endpoint {id_} is {endpoint['State']}")
    return endpoint["State"].lower() == "available"


def _endpoint(call: Call, id_: str) -> dict[str, Any] | None:
    try:
        return first(call.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[id_])["VpcEndpoints"])
    except Exception as error:
        if is_gone(error):
            return None
        raise


def _update_endpoint(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    plain = changed & {"policy", "privateDnsEnabled", "ipAddressType"}
    parameters = to_aws(_ENDPOINT, new, *plain) if plain else {}
    for name, parameter in _SETS.items():
        if name in changed:
            have, want = set(old.get(name) or []), set(new.get(name) or [])
            parameters |= {f"Add{parameter}": sorted(want - have), f"Remove{parameter}": sorted(have - want)}
    parameters = {k: v for k, v in parameters.items() if v != []}
    if parameters:
        call.client("ec2").modify_vpc_endpoint(VpcEndpointId=id_, **parameters)
    update_ec2_tags(call, id_, old, new, changed)


def _read_endpoint(call: Call, id_: str, prior: Props) -> Props | None:
    endpoint = _endpoint(call, id_)
    if endpoint is None or endpoint["State"].lower() in ("deleting", "deleted"):
        return None
    groups: list[dict[str, str]] = endpoint.get("Groups", [])
    return {
        **from_aws(_ENDPOINT, endpoint, "vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled"),
        **({"ipAddressType": endpoint["IpAddressType"]} if endpoint.get("IpAddressType") else {}),
        **({"policy": endpoint["PolicyDocument"]} if endpoint.get("PolicyDocument") else {}),
        "routeTableIds": endpoint.get("RouteTableIds", []),
        "subnetIds": endpoint.get("SubnetIds", []),
        "securityGroupIds": [g["GroupId"] for g in groups],
        "tags": tag_map(endpoint.get("Tags")),
        **_endpoint_outputs(call, id_, endpoint),
    }


def _endpoint_outputs(call: Call, id_: str, endpoint: dict[str, Any]) -> Props:
    entries = endpoint.get("DnsEntries", [])
    return {
        "arn": call.arn("ec2", f"vpc-endpoint/{id_}"),
        "dnsEntries": [{"dnsName": e.get("DnsName"), "hostedZoneId": e.get("HostedZoneId")} for e in entries],
        "networkInterfaceIds": endpoint.get("NetworkInterfaceIds", []),
        "ownerId": endpoint.get("OwnerId") or call.account,
        "prefixListId": _prefix_list(call, endpoint["ServiceName"]),
        "requesterManaged": endpoint.get("RequesterManaged", False),
        "state": endpoint["State"].lower(),
    }


def _prefix_list(call: Call, service: str) -> str | None:
    filters = [{"Name": "prefix-list-name", "Values": [service]}]
    lists = call.client("ec2").describe_managed_prefix_lists(Filters=filters)["PrefixLists"]
    return first(p["PrefixListId"] for p in lists if p["PrefixListName"] == service)


def _delete_endpoint(call: Call, id_: str, state: Props) -> None:
    reply = call.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[id_])
    for failure in reply.get("Unsuccessful", []):
        if "NotFound" not in failure["Error"]["Code"]:
            raise ProviderError(f"{failure['Error']['Code']}: {failure['Error']['Message']}")
    call.wait(f"endpoint {id_} to go", lambda: (_endpoint(call, id_) or {"State": "deleted"})["State"] == "deleted")


_RESOURCE_KINDS = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}
_OPTIONS = {
    "fileFormat": text(default="plain-text"),
    "hiveCompatiblePartitions": flag(default=False),
    "perHourPartition": flag(default=False),
}
_FLOW_LOG: dict[str, Field] = {
    "vpcId": text(replace=True),
    "subnetId": text(replace=True),
    "eniId": text(replace=True),
    "trafficType": text(replace=True),
    "logDestinationType": text(default="cloud-watch-logs", replace=True),
    "logDestination": text(replace=True),
    "iamRoleArn": text(replace=True, aws="DeliverLogsPermissionArn"),
    "logFormat": text(computed=True, replace=True),
    "maxAggregationInterval": number(default=600, replace=True),
    "destinationOptions": block(_OPTIONS, replace=True),
    "tags": TAGS,
}


def _create_flow_log(call: Call, props: Props) -> str:
    name = next(name for name in _RESOURCE_KINDS if props.get(name))
    plain = {k: v for k, v in props.items() if k not in (*_RESOURCE_KINDS, "tags")}
    reply = call.client("ec2").create_flow_logs(
        **to_aws(_FLOW_LOG, plain),
        ResourceIds=[props[name]],
        ResourceType=_RESOURCE_KINDS[name],
        TagSpecifications=tag_specification("vpc-flow-log", props),
    )
    for failure in reply.get("Unsuccessful", []):
        raise ProviderError(f"{failure['Error']['Code']}: {failure['Error']['Message']}")
    return str(reply["FlowLogIds"][0])


def _read_flow_log(call: Call, id_: str, prior: Props) -> Props | None:
    log = first(call.client("ec2").describe_flow_logs(FlowLogIds=[id_])["FlowLogs"])
    if log is None:
        return None
    name = first(n for n in _RESOURCE_KINDS if prior.get(n)) or _kind_of(log["ResourceId"])
    plain = ("trafficType", "logDestinationType", "iamRoleArn", "logFormat", "maxAggregationInterval")
    group = log.get("LogGroupName")
    by_group = call.arn("logs", f"log-group:{group}") if group else None
    return {
        **from_aws(_FLOW_LOG, log, *plain),
        name: log["ResourceId"],
        "logDestination": log.get("LogDestination") or by_group,
        "tags": tag_map(log.get("Tags")),
        "arn": call.arn("ec2", f"vpc-flow-log/{id_}"),
    }


def _kind_of(id_: str) -> str:
    return {"vpc": "vpcId", "subnet": "subnetId"}.get(id_.split("-", maxsplit=1)[0], "eniId")


def _delete_flow_log(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_flow_logs(FlowLogIds=[id_])


def _check_flow_log(inputs: Props) -> Sequence[tuple[str, str]]:
    if sum(name in inputs for name in _RESOURCE_KINDS) != 1:
        return [("vpcId", f"set exactly one of {', '.join(_RESOURCE_KINDS)}")]
    return ()


RESOURCES = (
    Resource(
        type="aws:ec2/vpcEndpoint:VpcEndpoint",
        cfn="AWS::EC2::VPCEndpoint",
        fields=_ENDPOINT,
        outputs=(
            "arn",
            "dnsEntries",
            "networkInterfaceIds",
            "ownerId",
            "prefixListId",
            "requesterManaged",
            "state",
            "tagsAll",
        ),
        create=_create_endpoint,
        read=_read_endpoint,
        update=_update_endpoint,
        delete=_delete_endpoint,
    ),
    Resource(
        type="aws:ec2/flowLog:FlowLog",
        cfn="AWS::EC2::FlowLog",
        fields=_FLOW_LOG,
        outputs=("arn", "tagsAll"),
        create=_create_flow_log,
        read=_read_flow_log,
        update=update_ec2_tags,
        delete=_delete_flow_log,
        check=_check_flow_log,
    ),
)
