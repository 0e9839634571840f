"""aws.ec2.Subnet."""

from sandbox.provider.kit import Call, Props, Resource, deleter, ec2_tags, only, tag_map

RESOURCE = Resource(
    __name__,
    "AWS::EC2::Subnet",
    unserved="customerOwnedIpv4Pool enableLniAtDeviceIndex ipv4* ipv6CidrBlock ipv6IpamPoolId"
    " ipv6NetmaskLength mapCustomerOwnedIpOnLaunch outpostArn privateDnsHostnameTypeOnLaunch",
    given="cidrBlock",
    off="assignIpv6AddressOnCreation enableDns64 enableResourceNameDns* ipv6Native mapPublicIpOnLaunch",
)
_ATTRIBUTES = (
    *("assignIpv6AddressOnCreation", "enableDns64", "enableResourceNameDnsARecordOnLaunch"),
    *("enableResourceNameDnsAaaaRecordOnLaunch", "mapPublicIpOnLaunch"),
)
delete = deleter("ec2", "delete_subnet", "SubnetId")


def create(call: Call, inputs: Props) -> str:
    names = ("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native")
    parameters = RESOURCE.to_aws({**inputs, "ipv6Native": inputs["ipv6Native"] or None}, *names)
    reply = call.client("ec2").create_subnet(**parameters, TagSpecifications=ec2_tags("subnet", inputs))
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
    _set_attributes(call, id_, new, changed)


def read(call: Call, id_: str, prior: Props) -> Props:
    subnet = only(call.client("ec2").describe_subnets(SubnetIds=[id_])["Subnets"])
    naming = subnet.get("PrivateDnsNameOptionsOnLaunch") or {}
    return {
        **RESOURCE.from_aws(subnet, "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"),
        "mapPublicIpOnLaunch": subnet.get("MapPublicIpOnLaunch", False),
        "assignIpv6AddressOnCreation": subnet.get("AssignIpv6AddressOnCreation", False),
        "enableDns64": subnet.get("EnableDns64", False),
        "ipv6Native": subnet.get("Ipv6Native", False),
        "enableResourceNameDnsARecordOnLaunch": naming.get("EnableResourceNameDnsARecord", False),
        "enableResourceNameDnsAaaaRecordOnLaunch": naming.get("EnableResourceNameDnsAAAARecord", False),
        "tags": tag_map(subnet.get("Tags")),
        "arn": subnet.get("SubnetArn") or call.arn("ec2", f"subnet/{id_}"),
        "ownerId": subnet.get("OwnerId") or call.account,
    }
