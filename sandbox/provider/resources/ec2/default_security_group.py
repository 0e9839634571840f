"""aws.ec2.DefaultSecurityGroup: takes over the group that came with the VPC, and keeps it without rules."""

from sandbox.provider.kit import Call, Problems, Props, ProviderError, Resource, first, tag_map
from sandbox.provider.resources.ec2 import security_group

RESOURCE = Resource(__name__, given="egress ingress", replace="vpcId", off="*gress.self revokeRulesOnDelete")


def create(call: Call, inputs: Props) -> str:
    filters = [{"Name": "group-name", "Values": ["default"]}]
    if inputs.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [inputs["vpcId"]]})
    found = first(call.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"])
    if found is None:
        raise ProviderError(f"no default security group in {inputs.get('vpcId', 'the default VPC')}")
    id_ = str(found["GroupId"])
    call.created(id_)
    before: Props = {"tags": tag_map(found.get("Tags"))}
    RESOURCE.update(call, id_, before, inputs, {"tags"})  # first, as upstream: they say who may change the group
    RESOURCE.update(call, id_, before, inputs, {"ingress", "egress"})
    return id_


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if changed & {"ingress", "egress"}:
        security_group.revoke_all(call, id_)


def read(call: Call, id_: str, prior: Props) -> Props:
    group = security_group.describe(call, id_)
    rules = {direction: [_rule(p) for p in group[key]] for direction, key in security_group.RULES.items()}
    return {**security_group.read(call, id_, prior), **rules}


def _rule(permission: Props) -> Props:
    return {
        "protocol": permission["IpProtocol"],
        "fromPort": permission.get("FromPort", 0),
        "toPort": permission.get("ToPort", 0),
        "cidrBlocks": [r["CidrIp"] for r in permission.get("IpRanges", [])],
        "securityGroups": [p["GroupId"] for p in permission.get("UserIdGroupPairs", [])],
    }


def delete(call: Call, id_: str, state: Props) -> None:
    """Do nothing: a VPC's default group goes with the VPC."""


def check(inputs: Props) -> Problems:
    for direction in security_group.RULES:
        if inputs.get(direction):
            yield direction, "this provider only keeps the default group empty: set [], and give rules to another group"
