"""aws.ec2.Eip."""

from sandbox.provider.kit import Call, Props, Resource, deleter, ec2_tags, only, tag_map

# Upstream also tells what the address is associated with, which comes later: a refresh would find drift.
RESOURCE = Resource(
    __name__,
    "AWS::EC2::EIP",
    unserved="associateWithPrivateIp customerOwnedIpv4Pool instance ipamPoolId networkInterface",
    replace="domain publicIpv4Pool",
)
delete = deleter("ec2", "release_address", "AllocationId")


def create(call: Call, inputs: Props) -> str:
    parameters = {"Domain": "vpc", **RESOURCE.to_aws({**inputs, "tags": None})}
    tags = ec2_tags("elastic-ip", inputs)
    return str(call.client("ec2").allocate_address(**parameters, TagSpecifications=tags)["AllocationId"])


def read(call: Call, id_: str, prior: Props) -> Props:
    address = only(call.client("ec2").describe_addresses(AllocationIds=[id_])["Addresses"])
    ip, border = address["PublicIp"], address.get("NetworkBorderGroup")
    return {
        "domain": address["Domain"],
        **({"networkBorderGroup": border} if border else {}),
        "tags": tag_map(address.get("Tags")),
        "allocationId": id_,
        "arn": call.arn("ec2", f"elastic-ip/{id_}"),
        "publicIp": ip,
        "publicDns": f"ec2-{ip.replace('.', '-')}.{call.region}.compute.amazonaws.com",
    }
