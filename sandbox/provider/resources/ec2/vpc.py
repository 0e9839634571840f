"""aws.ec2.Vpc."""

from sandbox.provider.kit import Call, Client, Props, Resource, deleter, ec2_tags, first, only, tag_map

RESOURCE = Resource(
    __name__,
    "AWS::EC2::VPC",
    unserved="ipv4* ipv6*",
    given="cidrBlock",
    defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    names={"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"},
)
_ATTRIBUTES = ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")
delete = deleter("ec2", "delete_vpc", "VpcId")


def create(call: Call, inputs: Props) -> str:
    parameters = RESOURCE.to_aws(inputs, "cidrBlock", "instanceTenancy", "assignGeneratedIpv6CidrBlock")
    reply = call.client("ec2").create_vpc(**parameters, TagSpecifications=ec2_tags("vpc", inputs))
    id_ = str(reply["Vpc"]["VpcId"])
    call.created(id_)
    _set_attributes(call, id_, inputs, set(_ATTRIBUTES))
    return id_


def _set_attributes(call: Call, id_: str, inputs: Props, changed: set[str]) -> None:
    """Set one attribute a request: the API takes no more."""
    for name in _ATTRIBUTES:
        if name in changed and inputs.get(name) is not None:
            call.client("ec2").modify_vpc_attribute(VpcId=id_, **{_capital(name): {"Value": inputs[name]}})


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    _set_attributes(call, id_, new, changed)
    if "instanceTenancy" in changed:
        call.client("ec2").modify_vpc_tenancy(VpcId=id_, InstanceTenancy=new["instanceTenancy"])


def read(call: Call, id_: str, prior: Props) -> Props:
    ec2 = call.client("ec2")
    vpc = only(ec2.describe_vpcs(VpcIds=[id_])["Vpcs"])
    replies = {name: ec2.describe_vpc_attribute(VpcId=id_, Attribute=name) for name in _ATTRIBUTES}
    ipv6 = first(vpc.get("Ipv6CidrBlockAssociationSet", []))
    return {
        **RESOURCE.from_aws(vpc, "cidrBlock", "instanceTenancy"),
        **{name: reply[_capital(name)]["Value"] for name, reply in replies.items()},
        **_defaults(ec2, id_),
        "assignGeneratedIpv6CidrBlock": ipv6 is not None,
        "ipv6CidrBlock": ipv6["Ipv6CidrBlock"] if ipv6 else "",
        "ipv6AssociationId": ipv6["AssociationId"] if ipv6 else "",
        "tags": tag_map(vpc.get("Tags")),
        "arn": call.arn("ec2", f"vpc/{id_}"),
        "dhcpOptionsId": vpc["DhcpOptionsId"],
        "ownerId": vpc.get("OwnerId") or call.account,
    }


def _defaults(ec2: Client, id_: str) -> Props:
    """Return the ids of what comes with a VPC."""
    of_vpc = {"Name": "vpc-id", "Values": [id_]}
    tables = ec2.describe_route_tables(Filters=[of_vpc, {"Name": "association.main", "Values": ["true"]}])
    groups = ec2.describe_security_groups(Filters=[of_vpc, {"Name": "group-name", "Values": ["default"]}])
    acls = ec2.describe_network_acls(Filters=[of_vpc, {"Name": "default", "Values": ["true"]}])
    main = first(t["RouteTableId"] for t in tables["RouteTables"])
    return {
        "mainRouteTableId": main,
        "defaultRouteTableId": main,
        "defaultSecurityGroupId": first(g["GroupId"] for g in groups["SecurityGroups"]),
        "defaultNetworkAclId": first(a["NetworkAclId"] for a in acls["NetworkAcls"]),
    }
