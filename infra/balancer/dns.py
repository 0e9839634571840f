"""The domain: its certificate, and the record that leads to the balancer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from infra.balancer import failover
from release import names


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    stack: str
    domain: str
    hosted_zone: str


class Certificate(pulumi.ComponentResource):
    """A certificate that proves its domain, and renews itself, by a record in the zone.

    Source: ACM user guide, "DNS validation".
    """

    arn: pulumi.Output[str]
    """Known once the certificate is issued."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dns:Certificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args.domain,
            validation_method="DNS",
            tags=names.tags(args.stack, name=args.domain),
            opts=child,
        )
        option: pulumi.Output[Any] = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{name}-validation",
            zone_id=args.hosted_zone,
            name=option.resource_record_name,
            type=option.resource_record_type,
            records=[option.resource_record_value],
            ttl=300,
            # Every certificate of the account for this domain is proved, and renewed, by this one record.
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        validation = aws.acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=child,
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})


@dataclass(frozen=True, kw_only=True)
class AliasArgs:
    stack: str
    domain: str
    hosted_zone: str
    target_name: pulumi.Input[str]
    target_zone: pulumi.Input[str]
    failover: Literal["none", "primary", "secondary"]
    health_path: str
    """What the health check of the primary record asks the balancer for."""


class Alias(pulumi.ComponentResource):
    """The domain's address record, an alias of the balancer's: a simple one, or one of two that fail over.

    Of two, each stack declares its own, beforehand: an outage changes none. The health check asks the balancer by its
    own name, as the domain's depends on it. Source: Route 53 developer guide, "Configuring DNS failover".
    """

    def __init__(self, name: str, args: AliasArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dns:Alias", name, None, opts)
        self._name = name
        self._args = args
        check = self._declare_health_check() if args.failover == "primary" else None
        # The same resource with and without failover: the provider takes the one record away and makes the other in one
        # change. As two resources they would be made before and removed after, and Route 53 takes no two at a time.
        aws.route53.Record(
            f"{name}-alias",
            zone_id=args.hosted_zone,
            name=args.domain,
            type="A",
            aliases=[{"name": args.target_name, "zone_id": args.target_zone, "evaluate_target_health": True}],
            set_identifier=None if args.failover == "none" else args.stack,
            failover_routing_policies=None if args.failover == "none" else [{"type": args.failover.upper()}],
            health_check_id=check.id if check else None,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _declare_health_check(self) -> aws.route53.HealthCheck:
        return aws.route53.HealthCheck(
            f"{self._name}-health",
            type="HTTPS",
            fqdn=self._args.target_name,
            port=443,
            resource_path=self._args.health_path,
            enable_sni=True,
            request_interval=failover.INTERVAL,
            failure_threshold=failover.THRESHOLD,
            tags=names.tags(self._args.stack, name=self._args.domain),
            opts=pulumi.ResourceOptions(parent=self),
        )
