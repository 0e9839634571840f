"""aws.ec2.SecurityGroup; its rules are resources of their own."""

from sandbox.provider.kit import Autoname, Call, Props, Resource, ec2_tags, only, stripped, tag_map

RESOURCE = Resource(
    __name__,
    "AWS::EC2::SecurityGroup",
    autoname=Autoname(),
    unserved="ingress egress",
    off="revokeRulesOnDelete",
    defaults={"description": "Managed by Pulumi"},
    names={"description": "GroupDescription", "name": "GroupName"},
)
RULES = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}


def create(call: Call, inputs: Props) -> str:
    named = {"GroupName": inputs["name"], "Description": inputs["description"], "VpcId": inputs.get("vpcId")}
    tags = ec2_tags("security-group", inputs)
    id_ = str(call.client("ec2").create_security_group(**stripped(named), TagSpecifications=tags)["GroupId"])
    call.created(id_)
    revoke_all(call, id_)  # like upstream: EC2 lets a new group reach everything; a program that wants that says so
    return id_


def revoke_all(call: Call, id_: str) -> None:
    """Remove every rule of a group."""
    group = describe(call, id_)
    for direction, key in RULES.items():
        if group[key]:
            revoke = getattr(call.client("ec2"), f"revoke_security_group_{direction}")
            revoke(GroupId=id_, IpPermissions=group[key])


def describe(call: Call, id_: str) -> Props:
    """Return what EC2 says of a group."""
    return only(call.client("ec2").describe_security_groups(GroupIds=[id_])["SecurityGroups"])


def read(call: Call, id_: str, prior: Props) -> Props:
    group = describe(call, id_)
    return {
        "name": group["GroupName"],
        "description": group["Description"],
        "vpcId": group.get("VpcId"),
        "tags": tag_map(group.get("Tags")),
        "arn": call.arn("ec2", f"security-group/{id_}"),
        "ownerId": group["OwnerId"],
    }


def delete(call: Call, id_: str, state: Props) -> None:
    if state.get("revokeRulesOnDelete"):
        revoke_all(call, id_)
    call.client("ec2").delete_security_group(GroupId=id_)
