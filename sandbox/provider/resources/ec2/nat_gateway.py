"""aws.ec2.NatGateway."""

from collections.abc import Iterator
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError, gone_is_none
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Props
from sandbox.provider.tags import tag_map, tag_specification
from sandbox.provider.translate import first

RESOURCE = Resource(
    __name__,
    "AWS::EC2::NatGateway",
    unserved="availability* secondary* vpcId",
    required="subnetId",
    defaults={"connectivityType": "public"},
    names={"privateIp": "PrivateIpAddress"},
)


def create(call: Call, inputs: Props) -> str:
    parameters = RESOURCE.to_aws({**inputs, "tags": None})
    tags = tag_specification("natgateway", inputs)
    gateway = call.client("ec2").create_nat_gateway(**parameters, TagSpecifications=tags)["NatGateway"]
    id_ = str(gateway["NatGatewayId"])
    call.created(id_)
    call.wait(f"NAT gateway {id_} to be available", lambda: _is_available(call, id_))
    return id_


def _is_available(call: Call, id_: str) -> bool:
    gateway = _gateway(call, id_) or {"State": "pending"}
    if gateway["State"] == "failed":
        raise ProviderError(f"{gateway.get('FailureCode')}: {gateway.get('FailureMessage')}")
    return gateway["State"] == "available"


def _gateway(call: Call, id_: str) -> dict[str, Any] | None:
    describe = call.client("ec2").describe_nat_gateways
    return gone_is_none(lambda: first(describe(NatGatewayIds=[id_])["NatGateways"]))


def read(call: Call, id_: str, prior: Props) -> Props | None:
    gateway = _gateway(call, id_)
    if gateway is None or gateway["State"] in ("deleting", "deleted"):
        return None
    address = first(gateway.get("NatGatewayAddresses", [])) or {}
    return {
        "subnetId": gateway["SubnetId"],
        "allocationId": address.get("AllocationId"),
        "connectivityType": gateway.get("ConnectivityType", "public"),
        "privateIp": address.get("PrivateIp"),
        "tags": tag_map(gateway.get("Tags")),
        "publicIp": address.get("PublicIp"),
        "networkInterfaceId": address.get("NetworkInterfaceId"),
    }


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_nat_gateway(NatGatewayId=id_)
    call.wait(f"NAT gateway {id_} to go", lambda: (_gateway(call, id_) or {"State": "deleted"})["State"] == "deleted")


def check(inputs: Props) -> Iterator[tuple[str, str]]:
    if inputs["connectivityType"] == "public" and "allocationId" not in inputs:
        yield "allocationId", "missing; a public NAT gateway needs an Elastic IP"
