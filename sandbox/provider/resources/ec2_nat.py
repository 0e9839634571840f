"""aws.ec2: Eip and NatGateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError, is_gone
from sandbox.provider.resources.translate import first, from_aws, tag_map, tag_specification, to_aws, update_ec2_tags
from sandbox.provider.schema import TAGS, Field, Props, Resource, text

_EIP: dict[str, Field] = {
    "domain": text(computed=True, replace=True),
    "address": text(replace=True),
    "networkBorderGroup": text(computed=True, replace=True),
    "publicIpv4Pool": text(computed=True, replace=True),
    "tags": TAGS,
}


def _allocate(call: Call, props: Props) -> str:
    reply = call.client("ec2").allocate_address(
        **{"Domain": "vpc", **to_aws(_EIP, {**props, "tags": None})},
        TagSpecifications=tag_specification("elastic-ip", props),
    )
    return str(reply["AllocationId"])


def _read_eip(call: Call, id_: str, prior: Props) -> Props | None:
    address = first(call.client("ec2").describe_addresses(AllocationIds=[id_])["Addresses"])
    if address is None:
        return None
    ip = address["PublicIp"]
    border = address.get("NetworkBorderGroup")
    return {
        "domain": address["Domain"],
        **({"networkBorderGroup": border} if border else {}),
        "tags": tag_map(address.get("Tags")),
        "allocationId": id_,
        "arn": call.arn("ec2", f"elastic-ip/{id_}"),
        "publicIp": ip,
        "publicDns": f"ec2-{ip.replace('.', '-')}.{call.region}.compute.amazonaws.com",
    }


def _release(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").release_address(AllocationId=id_)


_NAT: dict[str, Field] = {
    "subnetId": text(required=True, replace=True),
    "allocationId": text(replace=True),
    "connectivityType": text(default="public", replace=True),
    "privateIp": text(computed=True, replace=True, aws="PrivateIpAddress"),
    "tags": TAGS,
}


def _create_nat(call: Call, props: Props) -> str:
    reply = call.client("ec2").create_nat_gateway(
        **to_aws(_NAT, {**props, "tags": None}), TagSpecifications=tag_specification("natgateway", props)
    )
    id_ = str(reply["NatGateway"]["NatGatewayId"])
    call.created(id_)
    call.wait(f"NAT gateway {id_} to be available", lambda: _is_available(call, id_))
    return id_


def _is_available(call: Call, id_: str) -> bool:
    gateway = _nat(call, id_) or {"State": "pending"}
    if gateway["State"] == "failed":
        raise ProviderError(f"{gateway.get('FailureCode')}: {gateway.get('FailureMessage')}")
    return gateway["State"] == "available"


def _nat(call: Call, id_: str) -> dict[str, Any] | None:
    try:
        return first(call.client("ec2").describe_nat_gateways(NatGatewayIds=[id_])["NatGateways"])
    except Exception as error:
        if is_gone(error):
            return None
        raise


def _read_nat(call: Call, id_: str, prior: Props) -> Props | None:
    gateway = _nat(call, id_)
    if gateway is None or gateway["State"] in ("deleting", "deleted"):
        return None
    address = first(gateway.get("NatGatewayAddresses", [])) or {}
    return {
        "subnetId": gateway["SubnetId"],
        "allocationId": address.get("AllocationId"),
        "connectivityType": gateway.get("ConnectivityType", "public"),
        "privateIp": address.get("PrivateIp"),
        "tags": tag_map(gateway.get("Tags")),
        **from_aws({"publicIp": text(), "networkInterfaceId": text()}, address),
    }


def _delete_nat(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_nat_gateway(NatGatewayId=id_)
    call.wait(f"NAT gateway {id_} to go", lambda: (_nat(call, id_) or {"State": "deleted"})["State"] == "deleted")


def _check_nat(inputs: Props) -> Sequence[tuple[str, str]]:
    if inputs["connectivityType"] == "public" and "allocationId" not in inputs:
        return [("allocationId", "missing; a public NAT gateway needs an Elastic IP")]
    return ()


RESOURCES = (
    Resource(
        type="aws:ec2/eip:Eip",
        cfn="AWS::EC2::EIP",
        fields=_EIP,
        # Upstream also tells what the address is associated with, which comes later: a refresh would find drift.
        outputs=("allocationId", "arn", "publicDns", "publicIp", "tagsAll"),
        create=_allocate,
        read=_read_eip,
        update=update_ec2_tags,
        delete=_release,
    ),
    Resource(
        type="aws:ec2/natGateway:NatGateway",
        cfn="AWS::EC2::NatGateway",
        fields=_NAT,
        outputs=("networkInterfaceId", "publicIp", "tagsAll"),
        create=_create_nat,
        read=_read_nat,
        update=update_ec2_tags,
        delete=_delete_nat,
        check=_check_nat,
    ),
)
