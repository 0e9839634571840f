"""VPC endpoints: access to AWS's own services without the internet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.permissions import policies
from release import names

BOOT_SERVICES = ("autoscaling", "logs", "ssm", "ssmmessages", "ec2messages")
"""What an instance calls beside S3: the boot script (lifecycle, logs, secrets) and the Session Manager's agent."""


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    stack: str
    region: str
    account: str
    vpc_id: pulumi.Input[str]
    cidr: str
    route_table_ids: Sequence[pulumi.Input[str]]
    subnet_ids: Sequence[pulumi.Input[str]]
    interfaces: bool
    """Whether to declare interface endpoints, because instances reach the services they boot with in no other way."""


class Endpoints(pulumi.ComponentResource):
    """S3's gateway endpoint always (it costs nothing, NAT does), interface endpoints where there is no NAT.

    Source: AWS PrivateLink guide, "Gateway endpoints for Amazon S3" and "Access AWS services".
    """

    ready: list[pulumi.Resource]
    """What has to exist before an instance in a private subnet can reach these services."""

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:endpoints:Endpoints", name, None, opts)
        self._name = name
        self._args = args
        endpoint = aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=args.vpc_id,
            service_name=_service(args.region, "s3"),
            vpc_endpoint_type="Gateway",
            route_table_ids=args.route_table_ids,
            policy=json.dumps(policies.s3_endpoint(args.account)),
            tags=self._tags("s3"),
            opts=self._child(),
        )
        self.ready = [endpoint]
        if args.interfaces:
            self._declare_interfaces()
        self.register_outputs({})

    def _declare_interfaces(self) -> None:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-security-group",
            name=names.part_name(self._args.stack, "endpoints"),
            description="HTTPS from the VPC to the interface endpoints",
            vpc_id=self._args.vpc_id,
            tags=self._tags("endpoints"),
            opts=self._child(),
        )
        rule = aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-https",
            security_group_id=group.id,
            cidr_ipv4=self._args.cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description="HTTPS from the VPC",
            tags=names.tags(self._args.stack),
            opts=self._child(),
        )
        self.ready.append(rule)
        for service in BOOT_SERVICES:
            endpoint = aws.ec2.VpcEndpoint(
                f"{self._name}-{service}",
                vpc_id=self._args.vpc_id,
                service_name=_service(self._args.region, service),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=self._args.subnet_ids,
                security_group_ids=[group.id],
                tags=self._tags(service),
                opts=self._child(),
            )
            self.ready.append(endpoint)

    def _tags(self, role: str) -> dict[str, str]:
        return names.tags(self._args.stack, name=names.part_name(self._args.stack, role))

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)


def _service(region: str, service: str) -> str:
    """Return the endpoint service's name; in China most begin with `cn.`, S3's does not."""
    prefix = "cn." if region.startswith("cn-") and service != "s3" else ""
    return f"{prefix}com.amazonaws.{region}.{service}"
