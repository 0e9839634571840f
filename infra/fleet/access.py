"""The connections to and from the instances of a fleet: their security group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import FleetSettings
from infra.settings.egress import Egress
from release import names


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    stack: str
    fleet: FleetSettings
    vpc_id: pulumi.Input[str]
    balancer_security_group_id: pulumi.Input[str] | None
    """None for a fleet that nothing may connect to."""


class Access(pulumi.ComponentResource):
    """The fleet's security group. Only the balancer may connect to the instances, on the app's port; nobody to workers.

    The instances may connect to what the `egress` settings list, as far as the private subnets' routes lead.
    Source: VPC user guide, "Security group rules".
    """

    security_group_id: pulumi.Output[str]
    ready: Sequence[pulumi.Resource]
    """What has to exist before an instance can call what its boot needs."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:fleet:Access", name, None, opts)
        self._name = name
        self._args = args
        self._tags = names.tags(args.stack, fleet=args.fleet.name)
        self._child = pulumi.ResourceOptions(parent=self)
        group = self._declare_group()
        self.security_group_id = group.id
        if args.balancer_security_group_id is not None:
            self._join_balancer(group, args.balancer_security_group_id)
        self.ready = [self._open_out(group, rule) for rule in args.fleet.egress]
        self.register_outputs({"securityGroupId": self.security_group_id})

    def _declare_group(self) -> aws.ec2.SecurityGroup:
        full_name = names.group_name(self._args.stack, self._args.fleet.name)
        return aws.ec2.SecurityGroup(
            f"{self._name}-security-group",
            name=full_name,
            description=f"Instances of fleet {self._args.fleet.name}",
            vpc_id=self._args.vpc_id,
            tags=self._tags | {"Name": full_name},
            opts=self._child,
        )

    def _join_balancer(self, group: aws.ec2.SecurityGroup, balancer: pulumi.Input[str]) -> None:
        """Declare both ends: the balancer may connect to the port, and the fleet accepts it."""
        port = self._args.fleet.port
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-from-balancer",
            security_group_id=group.id,
            referenced_security_group_id=balancer,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description="The load balancer",
            tags=self._tags,
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-balancer-to",
            security_group_id=balancer,
            referenced_security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"Fleet {self._args.fleet.name}",
            tags=self._tags,
            opts=self._child,
        )

    def _open_out(self, group: aws.ec2.SecurityGroup, rule: Egress) -> aws.vpc.SecurityGroupEgressRule:
        named = rule.target.startswith("sg-")
        listed = rule.target.startswith("pl-")
        return aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-out-{rule.label}",
            security_group_id=group.id,
            cidr_ipv4=None if named or listed else rule.target,
            referenced_security_group_id=rule.target if named else None,
            prefix_list_id=rule.target if listed else None,
            ip_protocol="tcp",
            from_port=rule.low,
            to_port=rule.high,
            description="Services that the app and its boot call",
            tags=self._tags,
            opts=self._child,
        )
