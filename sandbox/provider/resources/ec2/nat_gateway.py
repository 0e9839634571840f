"""aws.ec2.NatGateway."""

from sandbox.provider.kit import Call, Gone, Problems, Props, ProviderError, Resource, ec2_tags, if_there, only, tag_map

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
    tags = ec2_tags("natgateway", inputs)
    gateway = call.client("ec2").create_nat_gateway(**parameters, TagSpecifications=tags)["NatGateway"]
    id_ = str(gateway["NatGatewayId"])
    call.created(id_)
    call.wait(f"NAT gateway {id_} to be available", lambda: _state(call, id_) == "available")
    return id_


def _state(call: Call, id_: str) -> str:
    gateway = if_there(lambda: _gateway(call, id_)) or {"State": "deleted"}  # also one that EC2 does not list yet
    if gateway["State"] == "failed":
        raise ProviderError(f"{gateway.get('FailureCode')}: {gateway.get('FailureMessage')}")
    return gateway["State"]


def _gateway(call: Call, id_: str) -> Props:
    return only(call.client("ec2").describe_nat_gateways(NatGatewayIds=[id_])["NatGateways"])


def read(call: Call, id_: str, prior: Props) -> Props:
    gateway = _gateway(call, id_)
    if gateway["State"] in ("deleting", "deleted"):
        raise Gone
    address = (gateway.get("NatGatewayAddresses") or [{}])[0]
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
    call.wait(f"NAT gateway {id_} to go", lambda: _state(call, id_) == "deleted")


def check(inputs: Props) -> Problems:
    if inputs["connectivityType"] == "public" and "allocationId" not in inputs:
        yield "allocationId", "missing; a public NAT gateway needs an Elastic IP"
