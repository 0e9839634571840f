"""aws.vpc.SecurityGroupIngressRule."""

from sandbox.provider.kit import Call, Props, Resource
from sandbox.provider.resources.vpc import NAMES, authorize, revoke

RESOURCE = Resource(
    __name__,
    "AWS::EC2::SecurityGroupIngress",
    # By ModifySecurityGroupRules, which is younger than CloudFormation's type.
    in_place="ipProtocol fromPort toPort cidrIpv4 cidrIpv6 prefixListId referencedSecurityGroupId",
    names=NAMES,
)


def create(call: Call, inputs: Props) -> str:
    return authorize(call, "ingress", inputs)


def delete(call: Call, id_: str, state: Props) -> None:
    revoke(call, "ingress", id_, state)
