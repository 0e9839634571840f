"""The load balancer: its listeners, the rules to the fleets, and their target groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.balancer.routing import Routing, Rule
from infra.network.network import Network
from infra.permissions import policies
from infra.settings import FleetSettings
from infra.settings.stack import LoadBalancerSettings
from infra.store.private_bucket import PrivateBucket, PrivateBucketArgs
from release import names

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.3, and 1.2 with forward secrecy and authenticated encryption only (ELB user guide, "Security policies")."""
LOG_DAYS = 90
"""How long access logs are kept where the settings don't say."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    stack: str
    region: str
    account: str
    network: Network
    settings: LoadBalancerSettings
    certificate_arn: pulumi.Input[str] | None
    fleets: Mapping[str, FleetSettings]
    routing: Routing
    disposable: bool
    """Whether the access logs are removed with the stack."""
    log_days: int = LOG_DAYS
    """How long the access logs are kept."""
    kept_logs: bool = False
    """Whether their bucket is there already, kept when the stack was removed."""


class LoadBalancer(pulumi.ComponentResource):
    """An Application Load Balancer in all zones. It serves HTTPS and redirects HTTP, unless the settings ask for HTTP.

    Source: ELB user guide for Application Load Balancers.
    """

    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    target_groups: Mapping[str, aws.lb.TargetGroup]
    """By fleet."""
    routes: Sequence[pulumi.Resource]
    """The listener and rules that join the target groups to the balancer; an Auto Scaling group waits for them."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:load-balancer:LoadBalancer", name, None, opts)
        self._name = name
        self._args = args
        self._group = self._declare_security_group()
        self._balancer = self._declare_balancer()
        self._ask_firewall()
        self.target_groups = {fleet: self._target_group(item) for fleet, item in args.fleets.items()}
        listener = self._declare_listeners(args.routing.default)
        self.routes = [listener, *(self._rule(listener, rule) for rule in args.routing.rules)]
        self.dns_name = self._balancer.dns_name
        self.zone_id = self._balancer.zone_id
        self.arn_suffix = self._balancer.arn_suffix
        self.security_group_id = self._group.id
        self.register_outputs({"dnsName": self.dns_name})

    def _declare_security_group(self) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-security-group",
            name=names.part_name(self._args.stack, "balancer"),
            description="HTTP and HTTPS from anywhere to the load balancer",
            vpc_id=self._args.network.vpc_id,
            tags=self._tags("balancer"),
            opts=self._child(),
        )
        for port in (80,) if self._args.settings.http else (80, 443):
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-in-{port}",
                security_group_id=group.id,
                cidr_ipv4="0.0.0.0/0",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description="Clients",
                tags=names.tags(self._args.stack),
                opts=self._child(),
            )
        return group

    def _declare_balancer(self) -> aws.lb.LoadBalancer:
        settings = self._args.settings
        bucket, ready = self._access_logs()
        return aws.lb.LoadBalancer(
            f"{self._name}-balancer",
            name=names.balancer_name(self._args.stack),
            load_balancer_type="application",
            internal=False,
            security_groups=[self._group.id],
            subnets=[subnet.id for subnet in self._args.network.public.values()],
            drop_invalid_header_fields=True,
            enable_deletion_protection=settings.deletion_protection,
            idle_timeout=settings.idle_timeout,
            access_logs={"bucket": bucket, "enabled": True} if bucket else None,
            tags=self._tags("balancer"),
            # ELB refuses a public balancer in a VPC without a route to the internet.
            opts=self._child(depends_on=[self._args.network.internet, *ready]),
        )

    def _ask_firewall(self) -> None:
        """Have the web ACL decide about each request first; a firewall that does not answer lets none through."""
        if self._args.settings.web_acl:
            aws.wafv2.WebAclAssociation(
                f"{self._name}-web-acl",
                resource_arn=self._balancer.arn,
                web_acl_arn=self._args.settings.web_acl,
                # Disassociating names the balancer alone: to remove the old one last would take the new one away.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )

    def _access_logs(self) -> tuple[str | None, Sequence[pulumi.Resource]]:
        """Return the bucket's name, and what has to exist before the balancer may write to it."""
        settings = self._args.settings
        if not settings.access_logs or settings.access_logs_bucket:
            return settings.access_logs_bucket, ()
        where = {"region": self._args.region, "account": self._args.account}
        bucket = names.access_logs_bucket_name(self._args.stack, **where)
        arn = names.bucket_arn(bucket, self._args.region)
        logs = PrivateBucket(
            f"{self._name}-access-logs",
            PrivateBucketArgs(
                stack=self._args.stack,
                region=self._args.region,
                bucket=bucket,
                disposable=self._args.disposable,
                statements=[policies.deliver_access_logs(arn, **where)],
                expire_after=self._args.log_days,
                expire_versions_after=1,
                kept=self._args.kept_logs,
            ),
            self._child(),
        )
        return bucket, logs.ready

    def _target_group(self, fleet: FleetSettings) -> aws.lb.TargetGroup:
        health = fleet.health
        return aws.lb.TargetGroup(
            f"{self._name}-{fleet.name}",
            name=names.target_group_name(self._args.stack, fleet.name, fleet.port),
            vpc_id=self._args.network.vpc_id,
            port=fleet.port,
            protocol="HTTP",
            target_type="instance",
            deregistration_delay=fleet.drain,
            health_check={
                "enabled": True,
                "protocol": "HTTP",
                "port": "traffic-port",
                "path": health.path,
                "matcher": health.codes,
                "interval": health.interval,
                "timeout": health.timeout,
                "healthy_threshold": health.healthy_threshold,
                "unhealthy_threshold": health.unhealthy_threshold,
            },
            tags=names.tags(self._args.stack, fleet=fleet.name),
            opts=self._child(),
        )

    def _declare_listeners(self, default: str | None) -> aws.lb.Listener:
        """Declare the listeners, and return the one that the rules belong to."""
        if self._args.settings.http:
            return self._listener("http", 80, self._default_action(default))
        self._listener(
            "http",
            80,
            {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"}},
        )
        return self._listener("https", 443, self._default_action(default), tls=True)

    def _listener(
        self, protocol: str, port: int, action: aws.lb.ListenerDefaultActionArgsDict, *, tls: bool = False
    ) -> aws.lb.Listener:
        return aws.lb.Listener(
            f"{self._name}-{protocol}",
            load_balancer_arn=self._balancer.arn,
            port=port,
            protocol=protocol.upper(),
            ssl_policy=TLS_POLICY if tls else None,
            certificate_arn=self._args.certificate_arn if tls else None,
            default_actions=[action],
            tags=names.tags(self._args.stack),
            opts=self._child(),
        )

    def _default_action(self, fleet: str | None) -> aws.lb.ListenerDefaultActionArgsDict:
        if fleet is not None:
            return {"type": "forward", "target_group_arn": self.target_groups[fleet].arn}
        return {
            "type": "fixed-response",
            "fixed_response": {
                "content_type": "text/plain",
                "message_body": "not found",
                "status_code": "404",
            },
        }

    def _rule(self, listener: aws.lb.Listener, rule: Rule) -> aws.lb.ListenerRule:
        conditions: list[aws.lb.ListenerRuleConditionArgsDict] = []
        if rule.path is not None:
            conditions.append({"path_pattern": {"values": [rule.path]}})
        if rule.hosts:
            conditions.append({"host_header": {"values": list(rule.hosts)}})
        return aws.lb.ListenerRule(
            f"{self._name}-{rule.fleet}-{rule.key}",
            listener_arn=listener.arn,
            priority=rule.priority,
            conditions=conditions,
            actions=[{"type": "forward", "target_group_arn": self.target_groups[rule.fleet].arn}],
            tags=names.tags(self._args.stack, fleet=rule.fleet),
            opts=self._child(),
        )

    def _tags(self, role: str) -> dict[str, str]:
        return names.tags(self._args.stack, name=names.part_name(self._args.stack, role))

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))
