"""What EC2 asks IAM: about every resource that a call names, and about the one that it makes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT

from sandbox.aws.ec2.models import sandbox_ec2
from sandbox.aws.iam.calls import Call
from sandbox.aws.iam.policy import Ask

_ID = re.compile(r"([a-z]+)-[0-9a-f]{8,}")
_TYPES = {
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
_LIMITED = {"DescribeVpcAttribute"}
"""The rare Describe that is asked of a resource."""
_MADE = {
    "AllocateAddress": "elastic-ip",
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateLaunchTemplate": "launch-template",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}


def asks(call: Call) -> Iterator[Ask]:
    """Return every permission that EC2 checks before it carries out the call."""
    action = f"ec2:{call.operation}"
    if call.operation.startswith("Describe") and call.operation not in _LIMITED:
        yield Ask(action=action, resource="*")
        return
    if call.operation == "CopyImage":
        yield from _copying(call)
        return
    if call.operation == "RunInstances":  # launches.py
        return
    wanted = {f"aws:RequestTag/{key}": value for key, value in _tags(call.parameters).items()}
    made = _MADE.get(call.operation)
    named = sorted(set(_ids(call)))
    tagging = wanted if call.operation == "CreateTags" else {}
    for each in named:
        yield Ask(action=action, resource=arn(call.region, each), context={**of(call.region, each), **tagging})
    if made:
        resource = f"arn:aws:ec2:{call.region}:{ACCOUNT}:{made}/0"
        yield Ask(action=action, resource=resource, context=wanted)
        if wanted:
            context = {**wanted, "ec2:CreateAction": call.operation}
            yield Ask(action="ec2:CreateTags", resource=resource, context=context)
    if not made and not named:
        yield Ask(action=action, resource="*")


def _copying(call: Call) -> Iterator[Ask]:
    """Yield what CopyImage asks: about the source, and about the image and the snapshot that it makes."""
    wanted = {f"aws:RequestTag/{key}": value for key, value in _tags(call.parameters).items()}
    source = f"arn:aws:ec2:{call.parameters['SourceRegion']}::image/{call.parameters['SourceImageId']}"
    yield Ask(action="ec2:CopyImage", resource=source)
    for kind in ("image", "snapshot"):
        made = f"arn:aws:ec2:{call.region}::{kind}/0"
        yield Ask(action="ec2:CopyImage", resource=made, context=wanted)
        if wanted:
            yield Ask(action="ec2:CreateTags", resource=made, context={**wanted, "ec2:CreateAction": "CopyImage"})


def arn(region: str, name: str) -> str:
    """Return the ARN of an EC2 resource, given its id."""
    kind = _TYPES.get(name.rpartition("-")[0], "*")
    return f"arn:aws:ec2:{region}:{ACCOUNT}:{kind}/{name}"


def of(region: str, name: str) -> dict[str, str]:
    """Return a resource's tags as condition keys."""
    tags: Mapping[str, str] = sandbox_ec2(ACCOUNT, region).tags.get(name, {})
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def _ids(call: Call) -> Iterator[str]:
    """Return the ids; for an association, those of what it associates."""
    ec2 = sandbox_ec2(ACCOUNT, call.region)
    if call.operation.startswith("AuthorizeSecurityGroup"):  # not the group that a rule leads to
        yield str(call.parameters["GroupId"])
        return
    for value in _texts(call.parameters):
        if value.startswith("rtbassoc-"):
            yield from (table.id for table in ec2.route_tables.values() if value in table.all_associations_ids)
        elif value.startswith("eipassoc-"):
            yield from (str(each.allocation_id) for each in ec2.addresses if each.association_id == value)
        elif (match := _ID.fullmatch(value)) and match[1] in _TYPES:
            yield value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in cast("Mapping[str, object]", value).values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _texts(each)


def _tags(parameters: Mapping[str, Any]) -> dict[str, str]:
    specifications = [tag for each in parameters.get("TagSpecifications", []) for tag in each.get("Tags", [])]
    return {tag["Key"]: tag.get("Value", "") for tag in [*specifications, *parameters.get("Tags", [])]}
