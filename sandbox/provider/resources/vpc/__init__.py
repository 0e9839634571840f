"""aws.vpc: security group rules, a younger type of EC2, tagged as its others; what both directions have in common."""

from sandbox.provider.kit import Call, Problems, Props, ec2_tags, only, stripped, tag_map
from sandbox.provider.resources.ec2 import tag, untag

__all__ = ["NAMES", "authorize", "check", "read", "revoke", "tag", "untag", "update"]

NAMES = {
    "securityGroupId": "GroupId",
    "cidrIpv4": "CidrIp",
    "prefixListId": "SourcePrefixListId",
    "referencedSecurityGroupId": "SourceSecurityGroupId",
}
_SOURCES = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}
_PORTS = {"ipProtocol": "IpProtocol", "fromPort": "FromPort", "toPort": "ToPort"}
_PLAIN = {**_PORTS, "cidrIpv4": "CidrIpv4", "cidrIpv6": "CidrIpv6", "prefixListId": "PrefixListId"}


def authorize(call: Call, direction: str, inputs: Props) -> str:
    """Make a rule of this direction and return its id."""
    name = next(n for n in _SOURCES if inputs.get(n))
    ranges, key = _SOURCES[name]
    source = stripped({key: inputs[name], "Description": inputs.get("description")})
    permission = {**{parameter: inputs.get(n) for n, parameter in _PORTS.items()}, ranges: [source]}
    reply = getattr(call.client("ec2"), f"authorize_security_group_{direction}")(
        GroupId=inputs["securityGroupId"],
        IpPermissions=[stripped(permission)],
        TagSpecifications=ec2_tags("security-group-rule", inputs),
    )
    return str(reply["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def revoke(call: Call, direction: str, id_: str, state: Props) -> None:
    """Delete a rule of this direction."""
    delete = getattr(call.client("ec2"), f"revoke_security_group_{direction}")
    delete(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id_])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    """Change anything but a rule's group."""
    if changed - {"tags"}:
        rule = {parameter: new.get(name) for name, parameter in _PLAIN.items()}
        rule |= {"ReferencedGroupId": new.get("referencedSecurityGroupId"), "Description": new.get("description")}
        call.client("ec2").modify_security_group_rules(
            GroupId=new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": id_, "SecurityGroupRule": stripped(rule)}],
        )


def read(call: Call, id_: str, prior: Props) -> Props:
    """Return what AWS says of a rule."""
    reply = call.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[id_])
    rule = only(reply["SecurityGroupRules"])
    ports = dict.fromkeys(("fromPort", "toPort")) if rule["IpProtocol"] == "-1" else {}
    return {
        "securityGroupId": rule["GroupId"],
        **{name: rule.get(parameter) for name, parameter in _PLAIN.items()},
        **ports,
        "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
        "description": rule.get("Description"),
        "tags": tag_map(rule.get("Tags")),
        "arn": call.arn("ec2", f"security-group-rule/{id_}"),
        "securityGroupRuleId": id_,
    }


def check(inputs: Props) -> Problems:
    """Yield what is wrong with a rule's inputs."""
    if sum(name in inputs for name in _SOURCES) != 1:
        yield "cidrIpv4", f"set exactly one of {', '.join(_SOURCES)}"
    if inputs["ipProtocol"] == "-1" and {"fromPort", "toPort"} & set(inputs):
        yield "fromPort", "has no meaning where ipProtocol is -1, which is every port of every protocol"
