"""aws.ec2: SecurityGroup, DefaultSecurityGroup; aws.vpc: SecurityGroupIngressRule, SecurityGroupEgressRule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError
from sandbox.provider.resources.ec2_inline_rules import COMPUTED_RULES, DIRECTIONS, RULES, read_rules, set_rules
from sandbox.provider.resources.translate import (
    first,
    stripped,
    tag_map,
    tag_specification,
    update_ec2_tags,
)
from sandbox.provider.schema import TAGS, Autoname, Field, Props, Resource, flag, number, text


def _create_group(call: Call, props: Props) -> str:
    ec2 = call.client("ec2")
    reply = ec2.create_security_group(
        **stripped({"GroupName": props["name"], "Description": props["description"], "VpcId": props.get("vpcId")}),
        TagSpecifications=tag_specification("security-group", props),
    )
    id_ = str(reply["GroupId"])
    call.created(id_)
    # Like upstream: EC2 lets a new group reach everything, and a program that wants that says so.
    for direction in DIRECTIONS:
        set_rules(call, id_, direction, props.get(direction) or [])
    return id_


def _update_group(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    for direction in DIRECTIONS:
        if direction in changed:
            set_rules(call, id_, direction, new.get(direction) or [])
    update_ec2_tags(call, id_, old, new, changed)


def _describe(call: Call, id_: str) -> dict[str, Any] | None:
    return first(call.client("ec2").describe_security_groups(GroupIds=[id_])["SecurityGroups"])


def _read_group(call: Call, id_: str, prior: Props) -> Props | None:
    group = _describe(call, id_)
    if group is None:
        return None
    reading = _common(call, group)
    for direction in DIRECTIONS:
        if prior.get(direction):  # else the rules are resources of their own, and not this one's
            reading[direction] = read_rules(group, direction, prior[direction])
    return reading


def _common(call: Call, group: dict[str, Any]) -> Props:
    return {
        "name": group["GroupName"],
        "description": group["Description"],
        "vpcId": group.get("VpcId"),
        "tags": tag_map(group.get("Tags")),
        "arn": call.arn("ec2", f"security-group/{group['GroupId']}"),
        "ownerId": group["OwnerId"],
    }


def _delete_group(call: Call, id_: str, state: Props) -> None:
    if state.get("revokeRulesOnDelete"):
        for direction in DIRECTIONS:
            set_rules(call, id_, direction, [])
    call.client("ec2").delete_security_group(GroupId=id_)


def _adopt(call: Call, props: Props) -> str:
    filters = [{"Name": "group-name", "Values": ["default"]}]
    if props.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [props["vpcId"]]})
    found = first(call.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"])
    if found is None:
        raise ProviderError(f"no default security group in {props.get('vpcId', 'the default VPC')}")
    id_ = str(found["GroupId"])
    call.created(id_)
    before: Props = {"tags": tag_map(found.get("Tags"))}
    _update_group(call, id_, before, props, {"tags"})  # first, as upstream: who may change it is a matter of its tags
    _update_group(call, id_, before, props, {*DIRECTIONS})
    return id_


def _read_default(call: Call, id_: str, prior: Props) -> Props | None:
    group = _describe(call, id_)
    if group is None:
        return None
    rules = {d: read_rules(group, d, prior.get(d) or []) for d in DIRECTIONS}
    return {**_common(call, group), **rules}


def _forget(call: Call, id_: str, state: Props) -> None:
    """A VPC's default group goes with the VPC."""


_RULE: dict[str, Field] = {
    "securityGroupId": text(required=True, replace=True, aws="GroupId"),
    "ipProtocol": text(required=True),
    "fromPort": number(),
    "toPort": number(),
    "cidrIpv4": text(aws="CidrIp"),
    "cidrIpv6": text(),
    "prefixListId": text(aws="SourcePrefixListId"),
    "referencedSecurityGroupId": text(aws="SourceSecurityGroupId"),
    "description": text(),
    "tags": TAGS,
}
_RULE_SOURCES = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


def _authorize(direction: str) -> Callable[[Call, Props], str]:
    def create(call: Call, props: Props) -> str:
        name = next(n for n in _RULE_SOURCES if props.get(n))
        ranges, key = _RULE_SOURCES[name]
        source = stripped({key: props[name], "Description": props.get("description")})
        permission = stripped(
            {
                "IpProtocol": props["ipProtocol"],
                "FromPort": props.get("fromPort"),
                "ToPort": props.get("toPort"),
                ranges: [source],
            }
        )
        authorize = getattr(call.client("ec2"), f"authorize_security_group_{direction}")
        reply = authorize(
            GroupId=props["securityGroupId"],
            IpPermissions=[permission],
            TagSpecifications=tag_specification("security-group-rule", props),
        )
        return str(reply["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    return create


def _revoke(direction: str) -> Callable[[Call, str, Props], None]:
    def delete(call: Call, id_: str, state: Props) -> None:
        revoke = getattr(call.client("ec2"), f"revoke_security_group_{direction}")
        revoke(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id_])

    return delete


def _update_rule(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if changed - {"tags"}:
        rule = {
            "IpProtocol": new["ipProtocol"],
            "FromPort": new.get("fromPort"),
            "ToPort": new.get("toPort"),
            "CidrIpv4": new.get("cidrIpv4"),
            "CidrIpv6": new.get("cidrIpv6"),
            "PrefixListId": new.get("prefixListId"),
            "ReferencedGroupId": new.get("referencedSecurityGroupId"),
            "Description": new.get("description"),
        }
        call.client("ec2").modify_security_group_rules(
            GroupId=new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": id_, "SecurityGroupRule": stripped(rule)}],
        )
    update_ec2_tags(call, id_, old, new, changed)


def _read_rule(call: Call, id_: str, prior: Props) -> Props | None:
    reply = call.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[id_])
    rule = first(reply["SecurityGroupRules"])
    if rule is None:
        return None
    every = rule["IpProtocol"] == "-1"
    return {
        "securityGroupId": rule["GroupId"],
        "ipProtocol": rule["IpProtocol"],
        "fromPort": None if every else rule.get("FromPort"),
        "toPort": None if every else rule.get("ToPort"),
        "cidrIpv4": rule.get("CidrIpv4"),
        "cidrIpv6": rule.get("CidrIpv6"),
        "prefixListId": rule.get("PrefixListId"),
        "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
        "description": rule.get("Description"),
        "tags": tag_map(rule.get("Tags")),
        "arn": call.arn("ec2", f"security-group-rule/{id_}"),
        "securityGroupRuleId": id_,
    }


def _check_rule(inputs: Props) -> Sequence[tuple[str, str]]:
    if sum(name in inputs for name in _RULE_SOURCES) != 1:
        return [("cidrIpv4", f"set exactly one of {', '.join(_RULE_SOURCES)}")]
    if inputs["ipProtocol"] == "-1" and {"fromPort", "toPort"} & set(inputs):
        return [("fromPort", "has no meaning where ipProtocol is -1, which is every port of every protocol")]
    return ()


def _rule(direction: str) -> Resource:
    name = f"SecurityGroup{direction.capitalize()}"
    return Resource(
        type=f"aws:vpc/s{name[1:]}Rule:{name}Rule",
        cfn=f"AWS::EC2::{name}",
        fields=_RULE,
        outputs=("arn", "securityGroupRuleId", "tagsAll"),
        create=_authorize(direction),
        read=_read_rule,
        update=_update_rule,
        delete=_revoke(direction),
        check=_check_rule,
    )


RESOURCES = (
    Resource(
        type="aws:ec2/securityGroup:SecurityGroup",
        cfn="AWS::EC2::SecurityGroup",
        fields={
            "name": text(replace=True, computed=True, aws="GroupName"),
            "namePrefix": text(replace=True),
            "description": text(default="Managed by Pulumi", replace=True, aws="GroupDescription"),
            "vpcId": text(replace=True, computed=True),
            "ingress": COMPUTED_RULES,
            "egress": COMPUTED_RULES,
            "revokeRulesOnDelete": flag(default=False),
            "tags": TAGS,
        },
        outputs=("arn", "ownerId", "tagsAll"),
        autoname=Autoname(),
        create=_create_group,
        read=_read_group,
        update=_update_group,
        delete=_delete_group,
    ),
    Resource(
        type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        cfn="",
        fields={
            "vpcId": text(replace=True, computed=True),
            "ingress": RULES,
            "egress": RULES,
            "revokeRulesOnDelete": flag(default=False),
            "tags": TAGS,
        },
        outputs=("arn", "description", "name", "ownerId", "tagsAll"),
        create=_adopt,
        read=_read_default,
        update=_update_group,
        delete=_forget,
    ),
    _rule("ingress"),
    _rule("egress"),
)
