"""aws.vpc.SecurityGroupEgressRule."""

from sandbox.provider.kit import Call, Props, Resource
from sandbox.provider.resources.vpc import NAMES, authorize, revoke

RESOURCE = Resource(
    __name__,
    "AWS::EC2::SecurityGroupEgress",
    # By ModifySecurityGroupRules, which is younger than CloudFormation's type.
    in_place="ipProtocol fromPort toPort cidrIpv4 cidrIpv6",
    names=NAMES,
)


def create(call: Call, inputs: Props) -> str:
    return authorize(call, "egress", inputs)


def delete(call: Call, id_: str, state: Props) -> None:
    revoke(call, "egress", id_, state)
