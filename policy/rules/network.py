"""The network: flow logs, subnets, and who may connect to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from policy.resource import UNKNOWN, Json, Resource, Stack, blocks, many, may_be
from policy.rule import Rules
from policy.rules import types

rules = Rules()
_EVERYWHERE = ("0.0.0.0/0", "::/0")
_PUBLIC_PORTS = (80, 443)
"""What Security Hub lets be open to all (EC2.18, `authorizedTcpPorts`)."""
_SIDES = {types.INGRESS: "ingress", types.EGRESS: "egress"}


class Opening(NamedTuple):
    """What a security group lets through one way."""

    low: int
    high: int
    protocol: str
    everywhere: bool
    described: bool

    @property
    def all_ports(self) -> bool:
        return self.protocol == "-1" or (self.low <= 0 and self.high >= 65535)

    def __str__(self) -> str:
        if self.all_ports:
            return "every port"
        return f"port {self.low}" if self.low == self.high else f"ports {self.low} to {self.high}"


def openings(resource: Resource, side: str) -> Iterator[Opening]:
    """Yield what a rule, or a group with rules of its own, opens on a side (`ingress`, `egress`), as far as known."""
    if resource.type in _SIDES:
        if _SIDES[resource.type] == side:
            yield from _opening(resource.props, [resource.get("cidrIpv4"), resource.get("cidrIpv6")], "ipProtocol")
        return
    for rule in blocks(resource.get(side)):
        yield from _opening(rule, [*many(rule.get("cidrBlocks")), *many(rule.get("ipv6CidrBlocks"))], "protocol")


def _opening(rule: Mapping[str, Json], addresses: list[Json], protocol: str) -> Iterator[Opening]:
    low, high = rule.get("fromPort"), rule.get("toPort")
    if UNKNOWN not in (low, high, rule.get(protocol)):
        yield Opening(
            low=low if isinstance(low, int) else 0,
            high=high if isinstance(high, int) else 65535,
            protocol=str(rule.get(protocol)),
            everywhere=any(address in _EVERYWHERE for address in addresses),
            described=bool(rule.get("description")),
        )


@rules.whole(
    "network-flow-logs",
    "A VPC logs all its traffic",
    types=[types.VPC],
    controls=["CKV2_AWS_11", "EC2.6"],
    level="advisory",
    fix="set network.flowLogs to true",
)
def flow_logs(vpc: Resource, stack: Stack) -> Iterator[str]:
    """Security Hub accepts REJECT alone; an investigation after a break-in needs what was let through."""
    if not any(may_be(log.get("trafficType"), "ALL") for log in stack.before(vpc, types.FLOW_LOG, "vpcId")):
        yield "no flow log records all traffic of this VPC"


@rules.whole(
    "network-default-group",
    "The VPC's default security group lets nothing through",
    types=[types.VPC],
    controls=["CKV2_AWS_12", "EC2.2"],
    level="mandatory",
    fix="declare an aws.ec2.DefaultSecurityGroup of the VPC with empty ingress and egress",
)
def default_group(vpc: Resource, stack: Stack) -> Iterator[str]:
    found = stack.before(vpc, types.DEFAULT_GROUP, "vpcId")
    if not found:
        yield "the default security group is as AWS makes it, open among its members and to everywhere"
    for group in found:
        if any(True for side in ("ingress", "egress") for _ in blocks(group.get(side))):
            yield f"the default security group {group.name} has rules"


@rules.alone(
    "subnet-public-address",
    "A subnet gives no instance a public address by itself",
    types=[types.SUBNET],
    controls=["CKV_AWS_130", "EC2.15"],
    level="advisory",
    fix="set mapPublicIpOnLaunch to false",
)
def subnet_public_address(subnet: Resource) -> Iterator[str]:
    if subnet.get("mapPublicIpOnLaunch") is True:
        yield "whatever is launched here gets a public address"


@rules.alone(
    "group-described",
    "Each security group and each of its rules says what it is for",
    types=[types.SECURITY_GROUP, types.INGRESS, types.EGRESS],
    controls=["CKV_AWS_23"],
    level="advisory",
    fix="give it a description",
)
def described(resource: Resource) -> Iterator[str]:
    if resource.get("description", "") in ("", "Managed by Pulumi", "Managed by Terraform"):
        yield "it has no description"
    for side in ("ingress", "egress") if resource.type == types.SECURITY_GROUP else ():
        if not all(opening.described for opening in openings(resource, side)):
            yield f"an {side} rule in it has no description"


@rules.alone(
    "group-inbound",
    "Nothing but ports 80 and 443 is open to all",
    types=[types.SECURITY_GROUP, types.INGRESS],
    controls=["CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_277", "EC2.18", "EC2.19"],
    level="mandatory",
    fix="name the addresses or the security group that may connect",
)
def inbound(resource: Resource) -> Iterator[str]:
    for opening in openings(resource, "ingress"):
        authorized = opening.protocol == "tcp" and opening.low == opening.high and opening.low in _PUBLIC_PORTS
        if opening.everywhere and not authorized:
            yield f"{opening} is open to every address"


@rules.whole(
    "group-inbound-http",
    "Port 80 is open to all only to send clients to HTTPS",
    types=[types.SECURITY_GROUP],
    controls=["CKV_AWS_260"],
    level="advisory",
    fix="set loadBalancer.domain or loadBalancer.certificate instead of loadBalancer.http",
)
def inbound_http(group: Resource, stack: Stack) -> Iterator[str]:
    """Checkov refuses port 80 as such; whoever types a name without https:// needs it."""
    rules_of_it = stack.before(group, types.INGRESS, "securityGroupId")
    found = [opening for resource in (group, *rules_of_it) for opening in openings(resource, "ingress")]
    if not any(opening.everywhere and opening.low == opening.high == 80 for opening in found):
        return
    balancers = stack.before(group, types.LOAD_BALANCER, "securityGroups")
    listeners = [each for balancer in balancers for each in stack.before(balancer, types.LISTENER, "loadBalancerArn")]
    plain = [each for each in listeners if may_be(each.get("port"), 80)]
    if not plain or not all(redirects(each) for each in plain):
        yield "port 80 is open to every address, and what listens there does more than lead to HTTPS"


def redirects(listener: Resource) -> bool:
    """Return whether all that a listener does by default is to redirect to HTTPS."""
    actions = many(listener.get("defaultActions"))
    return bool(actions) and all(_leads_to_https(action) for action in blocks(actions))


def _leads_to_https(action: Mapping[str, Json]) -> bool:
    target = action.get("redirect")
    protocol = target.get("protocol") if isinstance(target, Mapping) else target
    return may_be(action.get("type"), "redirect") and may_be(protocol, "HTTPS")


@rules.alone(
    "group-outbound",
    "No security group lets everything out",
    types=[types.SECURITY_GROUP, types.EGRESS],
    controls=["CKV_AWS_382"],
    level="advisory",
    fix="list in egress what the app calls, such as [443]",
)
def outbound(resource: Resource) -> Iterator[str]:
    if any(opening.everywhere and opening.all_ports for opening in openings(resource, "egress")):
        yield "every port of every address may be connected to"


@rules.whole(
    "group-attached",
    "Each security group protects something",
    types=[types.SECURITY_GROUP],
    controls=["CKV2_AWS_5"],
    level="advisory",
    fix="remove the group, or attach it",
)
def attached(group: Resource, stack: Stack) -> Iterator[str]:
    rule_types = (types.SECURITY_GROUP, types.INGRESS, types.EGRESS)
    for other in stack.resources:
        if other.type not in rule_types and any(group.urn in urns for urns in other.depends.values()):
            return
    yield "nothing that is declared uses it"
