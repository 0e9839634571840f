"""aws.ec2.DefaultSecurityGroup: takes over the group that came with the VPC; what it says is all the group allows."""

from sandbox.provider.call import Call
from sandbox.provider.errors import ProviderError
from sandbox.provider.resource import Resource
from sandbox.provider.resources.ec2.inline_rules import DIRECTIONS, read_rules
from sandbox.provider.resources.ec2.security_group import common, update
from sandbox.provider.schema import Props
from sandbox.provider.tags import tag_map
from sandbox.provider.translate import first

__all__ = ["update"]

RESOURCE = Resource(
    __name__,
    given="egress ingress",
    replace="vpcId",
    defaults={"*gress.self": False, "revokeRulesOnDelete": False},
)


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
    RESOURCE.update(call, id_, before, inputs, {"tags"})  # first, as upstream: its tags say who may change it
    RESOURCE.update(call, id_, before, inputs, set(DIRECTIONS))
    return id_


def read(call: Call, id_: str, prior: Props) -> Props | None:
    group = first(call.client("ec2").describe_security_groups(GroupIds=[id_])["SecurityGroups"])
    if group is None:
        return None
    return {**common(call, group), **{d: read_rules(group, d, prior.get(d) or []) for d in DIRECTIONS}}


def delete(call: Call, id_: str, state: Props) -> None:
    """Do nothing: a VPC's default group goes with the VPC."""
