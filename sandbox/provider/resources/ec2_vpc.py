"""aws.ec2: Vpc, Subnet, InternetGateway."""

from __future__ import annotations

from typing import Any

from sandbox.provider.call import Call, Client
from sandbox.provider.resources.translate import (
    first,
    from_aws,
    tag_map,
    tag_specification,
    to_aws,
    update_ec2_tags,
)
from sandbox.provider.schema import TAGS, Props, Resource, flag, text

_VPC_ATTRIBUTES = {
    "enableDnsSupport": "EnableDnsSupport",
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}
_VPC = {
    "cidrBlock": text(replace=True),
    "instanceTenancy": text(default="default"),
    "assignGeneratedIpv6CidrBlock": flag(aws="AmazonProvidedIpv6CidrBlock"),
    "enableDnsSupport": flag(default=True),
    "enableDnsHostnames": flag(computed=True),
    "enableNetworkAddressUsageMetrics": flag(computed=True),
    "tags": TAGS,
}


def _create_vpc(call: Call, props: Props) -> str:
    parameters = to_aws(_VPC, props, "cidrBlock", "instanceTenancy", "assignGeneratedIpv6CidrBlock")
    reply = call.client("ec2").create_vpc(**parameters, TagSpecifications=tag_specification("vpc", props))
    id_ = str(reply["Vpc"]["VpcId"])
    call.created(id_)
    _set_vpc_attributes(call, id_, props, set(_VPC_ATTRIBUTES))
    return id_


def _set_vpc_attributes(call: Call, id_: str, props: Props, changed: set[str]) -> None:
    for name, parameter in _VPC_ATTRIBUTES.items():
        if name in changed and props.get(name) is not None:
            call.client("ec2").modify_vpc_attribute(VpcId=id_, **{parameter: {"Value": props[name]}})


def _update_vpc(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    _set_vpc_attributes(call, id_, new, changed)
    if "instanceTenancy" in changed:
        call.client("ec2").modify_vpc_tenancy(VpcId=id_, InstanceTenancy=new["instanceTenancy"])
    update_ec2_tags(call, id_, old, new, changed)


def _read_vpc(call: Call, id_: str, prior: Props) -> Props | None:
    ec2 = call.client("ec2")
    vpc = first(ec2.describe_vpcs(VpcIds=[id_])["Vpcs"])
    if vpc is None:
        return None
    attributes: dict[str, Any] = {}
    for name, parameter in _VPC_ATTRIBUTES.items():
        attribute = parameter[0].lower() + parameter[1:]
        reply = ec2.describe_vpc_attribute(VpcId=id_, Attribute=attribute)
        attributes[name] = reply[parameter]["Value"]
    ipv6 = first(vpc.get("Ipv6CidrBlockAssociationSet", []))
    return {
        **from_aws(_VPC, vpc, "cidrBlock", "instanceTenancy"),
        **attributes,
        **_vpc_defaults(ec2, id_),
        "assignGeneratedIpv6CidrBlock": ipv6 is not None,
        "ipv6CidrBlock": ipv6["Ipv6CidrBlock"] if ipv6 else "",
        "ipv6AssociationId": ipv6["AssociationId"] if ipv6 else "",
        "tags": tag_map(vpc.get("Tags")),
        "arn": call.arn("ec2", f"vpc/{id_}"),
        "dhcpOptionsId": vpc["DhcpOptionsId"],
        "ownerId": vpc.get("OwnerId") or call.account,
    }


def _vpc_defaults(ec2: Client, id_: str) -> Props:
    """The ids of what comes with a VPC."""
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


def _delete_vpc(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_vpc(VpcId=id_)


_SUBNET_ATTRIBUTES = (
    "assignIpv6AddressOnCreation",
    "enableDns64",
    "enableResourceNameDnsARecordOnLaunch",
    "enableResourceNameDnsAaaaRecordOnLaunch",
    "mapPublicIpOnLaunch",
)
_SUBNET = {
    "vpcId": text(required=True, replace=True),
    "cidrBlock": text(replace=True),
    "availabilityZone": text(replace=True, computed=True),
    "availabilityZoneId": text(replace=True, computed=True),
    "ipv6CidrBlock": text(),
    "ipv6Native": flag(default=False, replace=True),
    "mapPublicIpOnLaunch": flag(default=False),
    "assignIpv6AddressOnCreation": flag(default=False),
    "enableDns64": flag(default=False),
    "enableResourceNameDnsARecordOnLaunch": flag(default=False),
    "enableResourceNameDnsAaaaRecordOnLaunch": flag(default=False),
    "tags": TAGS,
}


def _create_subnet(call: Call, props: Props) -> str:
    parameters = to_aws(_SUBNET, props, "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId")
    if props.get("ipv6CidrBlock"):
        parameters["Ipv6CidrBlock"] = props["ipv6CidrBlock"]
    if props.get("ipv6Native"):
        parameters["Ipv6Native"] = True
    reply = call.client("ec2").create_subnet(**parameters, TagSpecifications=tag_specification("subnet", props))
    id_ = str(reply["Subnet"]["SubnetId"])
    call.created(id_)
    _set_subnet_attributes(call, id_, props, {name for name in _SUBNET_ATTRIBUTES if props.get(name)})
    return id_


def _set_subnet_attributes(call: Call, id_: str, props: Props, changed: set[str]) -> None:
    """One attribute a request: the API takes no more."""
    for name in _SUBNET_ATTRIBUTES:
        if name in changed:
            parameter = name[0].upper() + name[1:]
            call.client("ec2").modify_subnet_attribute(SubnetId=id_, **{parameter: {"Value": bool(props.get(name))}})


def _update_subnet(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    ec2 = call.client("ec2")
    if "ipv6CidrBlock" in changed and old.get("ipv6CidrBlockAssociationId"):
        ec2.disassociate_subnet_cidr_block(AssociationId=old["ipv6CidrBlockAssociationId"])
    if "ipv6CidrBlock" in changed and new.get("ipv6CidrBlock"):
        ec2.associate_subnet_cidr_block(SubnetId=id_, Ipv6CidrBlock=new["ipv6CidrBlock"])
    _set_subnet_attributes(call, id_, new, changed)
    update_ec2_tags(call, id_, old, new, changed)


def _read_subnet(call: Call, id_: str, prior: Props) -> Props | None:
    subnet = first(call.client("ec2").describe_subnets(SubnetIds=[id_])["Subnets"])
    if subnet is None:
        return None
    naming = subnet.get("PrivateDnsNameOptionsOnLaunch") or {}
    ipv6 = first(subnet.get("Ipv6CidrBlockAssociationSet", []))
    return {
        **from_aws(_SUBNET, subnet, "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"),
        "mapPublicIpOnLaunch": subnet.get("MapPublicIpOnLaunch", False),
        "assignIpv6AddressOnCreation": subnet.get("AssignIpv6AddressOnCreation", False),
        "enableDns64": subnet.get("EnableDns64", False),
        "ipv6Native": subnet.get("Ipv6Native", False),
        "ipv6CidrBlock": ipv6["Ipv6CidrBlock"] if ipv6 else None,
        "ipv6CidrBlockAssociationId": ipv6["AssociationId"] if ipv6 else None,
        "enableResourceNameDnsARecordOnLaunch": naming.get("EnableResourceNameDnsARecord", False),
        "enableResourceNameDnsAaaaRecordOnLaunch": naming.get("EnableResourceNameDnsAAAARecord", False),
        "tags": tag_map(subnet.get("Tags")),
        "arn": subnet.get("SubnetArn") or call.arn("ec2", f"subnet/{id_}"),
        "ownerId": subnet.get("OwnerId") or call.account,
    }


def _delete_subnet(call: Call, id_: str, state: Props) -> None:
    call.client("ec2").delete_subnet(SubnetId=id_)


def _create_gateway(call: Call, props: Props) -> str:
    reply = call.client("ec2").create_internet_gateway(TagSpecifications=tag_specification("internet-gateway", props))
    id_ = str(reply["InternetGateway"]["InternetGatewayId"])
    call.created(id_)
    _attach_gateway(call, id_, {}, props)
    return id_


def _attach_gateway(call: Call, id_: str, old: Props, new: Props) -> None:
    gateway = first(call.client("ec2").describe_internet_gateways(InternetGatewayIds=[id_])["InternetGateways"])
    attached = first(a["VpcId"] for a in gateway["Attachments"])
    if attached == new.get("vpcId"):
        return
    if attached:
        call.client("ec2").detach_internet_gateway(InternetGatewayId=id_, VpcId=attached)
    if new.get("vpcId"):
        call.client("ec2").attach_internet_gateway(InternetGatewayId=id_, VpcId=new["vpcId"])


def _update_gateway(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    _attach_gateway(call, id_, old, new)
    update_ec2_tags(call, id_, old, new, changed)


def _read_gateway(call: Call, id_: str, prior: Props) -> Props | None:
    gateway = first(call.client("ec2").describe_internet_gateways(InternetGatewayIds=[id_])["InternetGateways"])
    if gateway is None:
        return None
    return {
        "vpcId": first(a["VpcId"] for a in gateway["Attachments"]),
        "tags": tag_map(gateway.get("Tags")),
        "arn": call.arn("ec2", f"internet-gateway/{id_}"),
        "ownerId": gateway.get("OwnerId") or call.account,
    }


def _delete_gateway(call: Call, id_: str, state: Props) -> None:
    _attach_gateway(call, id_, state, {})
    call.client("ec2").delete_internet_gateway(InternetGatewayId=id_)


RESOURCES = (
    Resource(
        type="aws:ec2/vpc:Vpc",
        cfn="AWS::EC2::VPC",
        fields=_VPC,
        outputs=(
            "arn",
            "defaultNetworkAclId",
            "defaultRouteTableId",
            "defaultSecurityGroupId",
            "dhcpOptionsId",
            "ipv6AssociationId",
            "ipv6CidrBlock",
            "mainRouteTableId",
            "ownerId",
            "tagsAll",
        ),
        create=_create_vpc,
        read=_read_vpc,
        update=_update_vpc,
        delete=_delete_vpc,
    ),
    Resource(
        type="aws:ec2/subnet:Subnet",
        cfn="AWS::EC2::Subnet",
        fields=_SUBNET,
        outputs=("arn", "ipv6CidrBlockAssociationId", "ownerId", "tagsAll"),
        recomputed=lambda new, changed: ("ipv6CidrBlockAssociationId",) if "ipv6CidrBlock" in changed else (),
        create=_create_subnet,
        read=_read_subnet,
        update=_update_subnet,
        delete=_delete_subnet,
    ),
    Resource(
        type="aws:ec2/internetGateway:InternetGateway",
        cfn="AWS::EC2::InternetGateway",
        fields={"vpcId": text(), "tags": TAGS},
        outputs=("arn", "ownerId", "tagsAll"),
        create=_create_gateway,
        read=_read_gateway,
        update=_update_gateway,
        delete=_delete_gateway,
    ),
)
