"""aws.ec2.SecurityGroup, with or without rules of its own."""

from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resource import Resource
from sandbox.provider.resources.ec2.inline_rules import DIRECTIONS, read_rules, set_rules
from sandbox.provider.schema import Autoname, Props
from sandbox.provider.tags import tag_map, tag_specification
from sandbox.provider.translate import first, stripped

RESOURCE = Resource(
    __name__,
    "AWS::EC2::SecurityGroup",
    autoname=Autoname(),
    defaults={"description": "Managed by Pulumi", "*gress.self": False, "revokeRulesOnDelete": False},
    names={"description": "GroupDescription", "name": "GroupName"},
)


def create(call: Call, inputs: Props) -> str:
    named = {"GroupName": inputs["name"], "Description": inputs["description"], "VpcId": inputs.get("vpcId")}
    tags = tag_specification("security-group", inputs)
    reply = call.client("ec2").create_security_group(**stripped(named), TagSpecifications=tags)
    id_ = str(reply["GroupId"])
    call.created(id_)
    # Like upstream: EC2 lets a new group reach everything, and a program that wants that says so.
    update(call, id_, {}, inputs, set(DIRECTIONS))
    return id_


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    for direction in DIRECTIONS:
        if direction in changed:
            set_rules(call, id_, direction, new.get(direction) or [])


def read(call: Call, id_: str, prior: Props) -> Props | None:
    group = first(call.client("ec2").describe_security_groups(GroupIds=[id_])["SecurityGroups"])
    if group is None:
        return None
    # Where the program sets none, the rules are resources of their own, and not this one's.
    own = [direction for direction in DIRECTIONS if prior.get(direction)]
    return {**common(call, group), **{direction: read_rules(group, direction, prior[direction]) for direction in own}}


def common(call: Call, group: dict[str, Any]) -> Props:
    """Return what any security group has beside its rules."""
    return {
        "name": group["GroupName"],
        "description": group["Description"],
        "vpcId": group.get("VpcId"),
        "tags": tag_map(group.get("Tags")),
        "arn": call.arn("ec2", f"security-group/{group['GroupId']}"),
        "ownerId": group["OwnerId"],
    }


def delete(call: Call, id_: str, state: Props) -> None:
    if state.get("revokeRulesOnDelete"):
        update(call, id_, {}, {}, set(DIRECTIONS))
    call.client("ec2").delete_security_group(GroupId=id_)
