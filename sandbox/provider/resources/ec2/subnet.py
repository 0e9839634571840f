"""aws.ec2.Subnet."""

from collections.abc import Sequence

from sandbox.provider.call import Call
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Props
from sandbox.provider.tags import tag_map, tag_specification
from sandbox.provider.translate import first

RESOURCE = Resource(
    __name__,
    "AWS::EC2::Subnet",
    unserved="customerOwnedIpv4Pool enableLniAtDeviceIndex ipv4* ipv6IpamPoolId ipv6NetmaskLength"
    " mapCustomerOwnedIpOnLaunch outpostArn privateDnsHostnameTypeOnLaunch",
    given="cidrBlock ipv6CidrBlock",
    defaults={
        "assignIpv6AddressOnCreation": False,
        "enableDns64": False,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "ipv6Native": False,
        "mapPublicIpOnLaunch": False,
    },
)
_ATTRIBUTES = tuple(name for name in RESOURCE.defaults if name != "ipv6Native")


def create(call: Call, inputs: Props) -> str:
    names = ("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6CidrBlock", "ipv6Native")
    parameters = RESOURCE.to_aws({**inputs, "ipv6Native": inputs["ipv6Native"] or None}, *names)
    reply = call.client("ec2").create_subnet(**parameters, TagSpecifications=tag_specification("subnet", inputs))
    id_ = str(reply["Subnet"]["SubnetId"])
    call.created(id_)
    _set_attributes(call, id_, inputs, {name for name in _ATTRIBUTES if inputs.get(name)})
    return id_


def _set_attributes(call: Call, id_: str, inputs: Props, changed: set[str]) -> None:
    """Set one attribute a request: the API takes no more."""
    for name in _ATTRIBUTES:
        if name in changed:
            value = {RESOURCE.fields[name].aws_name(name): {"Value": bool(inputs.get(name))}}
            call.client("ec2").modify_subnet_attribute(SubnetId=id_, **value)


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    ec2 = call.client("ec2")
    if "ipv6CidrBlock" in changed and old.get("ipv6CidrBlockAssociationId"):
        ec2.disassociate_subnet_cidr_block(AssociationId=old["ipv6CidrBlockAssociationId"])
    if "ipv6CidrBlock" in changed and new.get("ipv6CidrBlock"):
        ec2.associate_subnet_cidr_block(SubnetId=id_, Ipv6CidrBlock=new["ipv6CidrBlock"])
    _set_attributes(call, id_, new, changed)


def recomputed(new: Props, changed: set[str]) -> Sequence[str]:
    return ("ipv6CidrBlockAssociationId",) if "ipv6CidrBlock" in changed else ()


def read(call: Call, id_: str, prior: Props) -> Props | None:
    subnet = first(call.client("ec2").describe_subnets(SubnetIds=[id_])["Subnets"])
    if subnet is None:
        return None
    naming = subnet.get("PrivateDnsNameOptionsOnLaunch") or {}
    ipv6 = first(subnet.get("Ipv6CidrBlockAssociationSet", [])) or {}
    return {
        **RESOURCE.from_aws(subnet, "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"),
        "mapPublicIpOnLaunch": subnet.get("MapPublicIpOnLaunch", False),
        "assignIpv6AddressOnCreation": subnet.get("AssignIpv6AddressOnCreation", False),
        "enableDns64": subnet.get("EnableDns64", False),
        "ipv6Native": subnet.get("Ipv6Native", False),
        "ipv6CidrBlock": ipv6.get("Ipv6CidrBlock"),
        "ipv6CidrBlockAssociationId": ipv6.get("AssociationId"),
        "enableResourceNameDnsARecordOnLaunch": naming.get("EnableResourceNameDnsARecord", False),
        "enableResourceNameDnsAaaaRecordOnLaunch": naming.get("EnableResourceNameDnsAAAARecord", False),
        "tags": tag_map(subnet.get("Tags")),
        "arn": subnet.get("SubnetArn") or call.arn("ec2", f"subnet/{id_}"),
        "ownerId": subnet.get("OwnerId") or call.account,
    }


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_subnet(SubnetId=id_)
