"""The network: a VPC with a public and a private subnet in each zone, and the ways out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.network import cidr
from infra.network.endpoints import Endpoints, EndpointsArgs
from infra.network.flow_logs import FlowLogs, FlowLogsArgs
from infra.settings.logs import LogsSettings
from infra.settings.stack import NetworkSettings
from release import names


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    stack: str
    region: str
    account: str
    zones: Sequence[str]
    settings: NetworkSettings
    logs: LogsSettings


class Network(pulumi.ComponentResource):
    """Balancers stand in the public subnets, machines in the private ones only.

    Source: VPC user guide, "Example: VPC with servers in private subnets and NAT".
    """

    vpc_id: pulumi.Output[str]
    public: Mapping[str, aws.ec2.Subnet]
    private: Mapping[str, aws.ec2.Subnet]
    """Subnets by zone."""
    ready: Sequence[pulumi.Resource]
    """What has to exist before an instance in a private subnet can call what its boot needs."""
    internet: pulumi.Resource
    """The route that has to exist before a balancer in the public subnets."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:network:Network", name, None, opts)
        self._name = name
        self._args = args
        self._vpc = self._declare_vpc()
        self.vpc_id = self._vpc.id
        self._close_default_group()
        plan = cidr.plan(args.settings.cidr, args.zones)
        self.public = {az: self._subnet("public", az, plan[az].public) for az in args.zones}
        self.private = {az: self._subnet("private", az, plan[az].private) for az in args.zones}
        public_table = self._open_public()
        private_tables = {az: self._table("private", az) for az in args.zones}
        joined = [self._associate("private", az, self.private[az], private_tables[az]) for az in args.zones]
        routes = self._declare_nat(private_tables)
        endpoints = self._declare_endpoints([public_table, *private_tables.values()])
        self.ready = [*joined, *routes, *endpoints.ready]
        if args.settings.flow_logs:
            FlowLogs(
                f"{name}-flow-logs",
                FlowLogsArgs(
                    stack=args.stack, region=args.region, account=args.account, vpc_id=self._vpc.id, logs=args.logs
                ),
                self._child(),
            )
        self.register_outputs({"vpcId": self.vpc_id})

    def _declare_vpc(self) -> aws.ec2.Vpc:
        return aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=self._args.settings.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags("vpc"),
            opts=self._child(),
        )

    def _close_default_group(self) -> None:
        """Remove all rules of the default security group, which whatever names no group gets by oversight."""
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-security-group",
            vpc_id=self._vpc.id,
            ingress=[],
            egress=[],
            tags=self._tags("default-closed"),
            opts=self._child(),
        )

    def _subnet(self, role: str, az: str, block: str) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            f"{self._name}-{role}-{az}",
            vpc_id=self._vpc.id,
            availability_zone=az,
            cidr_block=block,
            # Balancers and NAT gateways bring their public addresses; nothing else is to have one.
            map_public_ip_on_launch=False,
            tags=self._tags(f"{role}-{az}"),
            opts=self._child(),
        )

    def _open_public(self) -> aws.ec2.RouteTable:
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet", vpc_id=self._vpc.id, tags=self._tags("internet"), opts=self._child()
        )
        table = self._table("public")
        self.internet = aws.ec2.Route(
            f"{self._name}-public-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._child(),
        )
        for az, subnet in self.public.items():
            self._associate("public", az, subnet, table)
        return table

    def _declare_nat(self, tables: Mapping[str, aws.ec2.RouteTable]) -> list[aws.ec2.Route]:
        """Declare the NAT gateways; return the routes to them."""
        nat = self._args.settings.nat
        if nat == "none":
            return []
        homes = self._args.zones if nat == "per-az" else self._args.zones[:1]
        gateways = {az: self._nat_gateway(az) for az in homes}
        return [
            aws.ec2.Route(
                f"{self._name}-private-internet-{az}",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateways.get(az, gateways[homes[0]]).id,
                opts=self._child(),
            )
            for az, table in tables.items()
        ]

    def _nat_gateway(self, az: str) -> aws.ec2.NatGateway:
        address = aws.ec2.Eip(
            f"{self._name}-nat-address-{az}", domain="vpc", tags=self._tags(f"nat-{az}"), opts=self._child()
        )
        return aws.ec2.NatGateway(
            f"{self._name}-nat-{az}",
            allocation_id=address.id,
            subnet_id=self.public[az].id,
            tags=self._tags(f"nat-{az}"),
            opts=self._child(depends_on=[self.internet]),
        )

    def _declare_endpoints(self, tables: Sequence[aws.ec2.RouteTable]) -> Endpoints:
        return Endpoints(
            f"{self._name}-endpoints",
            EndpointsArgs(
                stack=self._args.stack,
                region=self._args.region,
                account=self._args.account,
                vpc_id=self._vpc.id,
                cidr=self._args.settings.cidr,
                route_table_ids=[table.id for table in tables],
                subnet_ids=[subnet.id for subnet in self.private.values()],
                interfaces=self._args.settings.nat == "none",
            ),
            self._child(),
        )

    def _table(self, role: str, az: str | None = None) -> aws.ec2.RouteTable:
        suffix = f"{role}-{az}" if az else role
        return aws.ec2.RouteTable(
            f"{self._name}-{suffix}", vpc_id=self._vpc.id, tags=self._tags(suffix), opts=self._child()
        )

    def _associate(
        self, role: str, az: str, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable
    ) -> aws.ec2.RouteTableAssociation:
        return aws.ec2.RouteTableAssociation(
            f"{self._name}-{role}-{az}", subnet_id=subnet.id, route_table_id=table.id, opts=self._child()
        )

    def _tags(self, role: str) -> dict[str, str]:
        return names.tags(self._args.stack, name=names.part_name(self._args.stack, role))

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))
