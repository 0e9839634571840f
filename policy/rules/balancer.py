"""The load balancer and its listeners."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.resource import Resource, Stack, known, may_be
from policy.rule import Rules
from policy.rules import types
from policy.rules.network import redirects

rules = Rules()

_TLS = re.compile(r"ELBSecurityPolicy-TLS13-1-[23]-(?!Ext)")
"""TLS 1.3, and 1.2 without the ciphers of the `Ext` policies (ELB user guide, "Security policies")."""


@rules.alone(
    "balancer-redirect",
    "Plain HTTP only leads to HTTPS",
    types=[types.LISTENER],
    controls=["CKV_AWS_2", "CKV2_AWS_20", "ELB.1"],
    level="advisory",
    fix="set loadBalancer.domain or loadBalancer.certificate instead of loadBalancer.http",
)
def redirect(listener: Resource) -> Iterator[str]:
    if listener.get("protocol") == "HTTP" and not redirects(listener):
        yield "it answers in plain HTTP"


@rules.alone(
    "balancer-tls-policy",
    "HTTPS is TLS 1.2 or 1.3 with strong ciphers",
    types=[types.LISTENER],
    controls=["CKV_AWS_103", "CKV2_AWS_74", "ELB.17"],
    level="advisory",
    fix="set sslPolicy to ELBSecurityPolicy-TLS13-1-2-Res-2021-06, or another of TLS 1.3",
)
def tls_policy(listener: Resource) -> Iterator[str]:
    policy = listener.get("sslPolicy", "ELBSecurityPolicy-2016-08")
    if listener.get("protocol") in ("HTTPS", "TLS") and known(policy) and not _TLS.match(str(policy)):
        yield f"the security policy {policy} allows old protocols or weak ciphers"


@rules.alone(
    "balancer-headers",
    "Headers that are not valid are dropped",
    types=[types.LOAD_BALANCER],
    controls=["CKV_AWS_131", "ELB.4"],
    level="advisory",
    fix="set dropInvalidHeaderFields to true",
)
def headers(balancer: Resource) -> Iterator[str]:
    if balancer.get("loadBalancerType", "application") == "application" and not balancer.get("dropInvalidHeaderFields"):
        yield "headers that are not valid reach the app"


@rules.alone(
    "balancer-desync",
    "Requests that smuggle another one are refused",
    types=[types.LOAD_BALANCER],
    controls=["CKV_AWS_328", "ELB.12"],
    level="advisory",
    fix="set desyncMitigationMode to defensive or strictest",
)
def desync(balancer: Resource) -> Iterator[str]:
    if not may_be(balancer.get("desyncMitigationMode"), "defensive", "strictest"):
        yield "its desync mitigation mode is neither defensive nor strictest"


@rules.alone(
    "balancer-access-logs",
    "Every request is logged",
    types=[types.LOAD_BALANCER],
    controls=["CKV_AWS_91", "ELB.5"],
    level="advisory",
    fix="set loadBalancer.accessLogs to true",
)
def access_logs(balancer: Resource) -> Iterator[str]:
    if not (balancer.get("accessLogs.enabled") and balancer.get("accessLogs.bucket")):
        yield "it writes no access logs"


@rules.alone(
    "balancer-deletion-protection",
    "Nobody deletes the load balancer by mistake",
    types=[types.LOAD_BALANCER],
    controls=["CKV_AWS_150", "ELB.6"],
    level="advisory",
    fix="set loadBalancer.deletionProtection to true",
)
def deletion_protection(balancer: Resource) -> Iterator[str]:
    if not balancer.get("enableDeletionProtection"):
        yield "one call deletes it"


@rules.whole(
    "balancer-web-acl",
    "A firewall for web applications stands before what the internet reaches",
    types=[types.LOAD_BALANCER],
    controls=["CKV2_AWS_28"],
    level="advisory",
    fix="set loadBalancer.webAcl to the ARN of a web ACL",
)
def web_acl(balancer: Resource, stack: Stack) -> Iterator[str]:
    if not balancer.get("internal") and not stack.before(balancer, types.WEB_ACL, "resourceArn"):
        yield "every request that is valid HTTP reaches the app"
