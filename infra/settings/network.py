"""Reads the settings of the network and of its load balancer."""

from __future__ import annotations

from typing import cast

from infra.network import cidr
from infra.settings.model import LoadBalancerSettings, Nat, NetworkSettings
from infra.settings.section import Section, Syntax, kind, set_command

DOMAIN = Syntax(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", "a domain such as shop.example.com")
HOSTED_ZONE = Syntax(r"Z[A-Z0-9]{6,31}", "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ")
CERTIFICATE = Syntax(
    r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[a-f0-9-]{36}",
    "the ARN of an ACM certificate (arn:aws:acm:REGION:ACCOUNT:certificate/ID)",
)
BUCKET = Syntax(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket (3 to 63 of a-z, 0-9, - and .)")


def read_network(section: Section) -> NetworkSettings:
    block = section.text("cidr", "10.20.0.0/16")
    if section.sound("cidr") and (wrong := cidr.check(block)):
        section.problem("cidr", wrong)
    settings = NetworkSettings(
        cidr=block,
        zones=_zones(section),
        nat=cast("Nat", section.choice("nat", "per-az", ("none", "single", "per-az"))),
        flow_logs=section.boolean("flowLogs", True),
    )
    section.finish()
    return settings


def read_load_balancer(section: Section, *, region: str) -> LoadBalancerSettings:
    logs = section.get("accessLogs")
    bucket = section.optional_text("accessLogs", BUCKET) if isinstance(logs, str) else None
    settings = LoadBalancerSettings(
        domain=section.optional_text("domain", DOMAIN),
        hosted_zone=section.optional_text("hostedZone", HOSTED_ZONE),
        certificate=section.optional_text("certificate", CERTIFICATE),
        http=section.boolean("http", False),
        access_logs=bucket is not None or isinstance(logs, str) or section.boolean("accessLogs", True),
        access_logs_bucket=bucket,
        deletion_protection=section.boolean("deletionProtection", True),
        idle_timeout=section.integer("idleTimeout", 60, 1, 4000, "seconds"),
    )
    section.finish()
    _check_ways_in(section, settings)
    _check_domain(section, settings)
    _check_certificate(section, settings, region)
    return settings


def _zones(section: Section) -> int | tuple[str, ...]:
    given = section.get("zones")
    if not isinstance(given, list):
        if given is not None and (isinstance(given, bool) or not isinstance(given, int)):
            section.problem("zones", f"must be 2 to 6, or a list of zone letters, is {kind(given)}")
            return 3
        return section.integer("zones", 3, 2, 6)
    letters = section.texts("zones", (), Syntax(f"[{cidr.LETTERS}]", f"a letter of {cidr.LETTERS}"))
    if section.sound("zones") and not 2 <= len(letters) <= 6:
        section.problem("zones", f"must be 2 to 6 zones, are {len(letters)}")
    return tuple(sorted(letters))


def _check_ways_in(section: Section, settings: LoadBalancerSettings) -> None:
    ways = [key for key in ("domain", "certificate", "http") if section.has(key)]
    if not settings.http and section.sound("http"):
        ways = [key for key in ways if key != "http"]
    if not ways:
        domain = set_command("loadBalancer.domain", "shop.example.com")
        plain = set_command("loadBalancer.http", "true")
        section.problems.add(
            section.path,
            f"needs one of domain, certificate or http; set a domain with `{domain}`, "
            f"or plain HTTP on purpose with `{plain}`",
        )
    elif len(ways) > 1:
        section.problems.add(section.path, f"takes one of domain, certificate or http, has {' and '.join(ways)}")


def _check_domain(section: Section, settings: LoadBalancerSettings) -> None:
    if section.has("domain") and not section.has("hostedZone"):
        command = set_command(section.at("hostedZone"), "Z0123456789ABCDEFGHIJ")
        section.problem("hostedZone", f"missing; domain needs the zone its records go to, set it with `{command}`")
    if section.has("hostedZone") and not section.has("domain"):
        section.problem("hostedZone", "has no use without domain; set domain or remove it")


def _check_certificate(section: Section, settings: LoadBalancerSettings, region: str) -> None:
    if settings.certificate is None or not region:
        return
    of = settings.certificate.split(":")[3]
    if of != region:
        section.problem(
            "certificate",
            f"must be a certificate of {region}, the stack's region, is one of {of}; request one there",
        )
