"""The network: flow logs, subnets, security groups."""

from __future__ import annotations

from collections.abc import Iterator

from policy.resource import Resource, Stack
from policy.rule import Rules
from policy.rules import types

rules = Rules()


@rules.whole(
    "network-flow-logs",
    "A VPC logs all its traffic",
    types=[types.VPC],
    controls=["CKV2_AWS_11", "EC2.6"],
    level="mandatory",
    fix="declare an aws.ec2.FlowLog of all traffic for the VPC",
)
def flow_logs(vpc: Resource, stack: Stack) -> Iterator[str]:
    """Security Hub accepts REJECT alone; an investigation after a break-in needs what was let through."""
    found = stack.before(vpc, types.FLOW_LOG, "vpcId")
    if not any(log.get("trafficType") == "ALL" for log in found):
        yield "no flow log records this VPC's traffic"
