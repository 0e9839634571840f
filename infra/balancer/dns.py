"""The domain: its certificate, and the record that leads to the balancer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

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
    domain: str
    hosted_zone: str
    target_name: pulumi.Input[str]
    target_zone: pulumi.Input[str]


class Alias(pulumi.ComponentResource):
    """The domain's address record, an alias of the balancer's. Source: Route 53 developer guide."""

    def __init__(self, name: str, args: AliasArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dns:Alias", name, None, opts)
        aws.route53.Record(
            f"{name}-alias",
            zone_id=args.hosted_zone,
            name=args.domain,
            type="A",
            aliases=[{"name": args.target_name, "zone_id": args.target_zone, "evaluate_target_health": True}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
