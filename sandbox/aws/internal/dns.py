"""What the dns process needs to know: the public zones, the health checks, and where the load balancers really are."""

from __future__ import annotations

from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.elbv2.models import FakeLoadBalancer
from moto.route53.models import HealthCheck, RecordSet

from sandbox.aws.elbv2.models import SandboxELBv2Backend, all_elbv2
from sandbox.aws.route53.models import sandbox_route53

Json = dict[str, Any]


def dns() -> Json:
    """Return what docs/architecture.md describes."""
    route53 = sandbox_route53(DEFAULT_ACCOUNT_ID)
    return {
        "zones": [
            {"id": zone.resource_id, "name": zone.name, "records": [_record(record) for record in zone.rrsets]}
            for zone in route53.zones.values()
            if not zone.private_zone
        ],
        "health_checks": [_health_check(check) for check in route53.health_checks.values()],
        "load_balancers": [
            _load_balancer(elbv2, balancer) for elbv2 in all_elbv2() for balancer in elbv2.load_balancers.values()
        ],
    }


def _record(record: RecordSet) -> Json:
    alias = record.alias_target
    return {
        "name": record.name,
        "type": record.type,
        "ttl": int(record.ttl) if record.ttl is not None else None,
        "values": list(record.records or ()),
        "alias": {"name": alias["DNSName"], "evaluate": str(alias["EvaluateTargetHealth"]).lower() == "true"}
        if alias
        else None,
        "set_identifier": record.set_identifier,
        "failover": record.failover,
        "health_check": record.health_check_id,
    }


def _health_check(check: HealthCheck) -> Json:
    return {
        "id": check.id,
        "type": check.type_,
        "fqdn": check.fqdn,
        "ip": check.ip_address,
        "port": check.port,
        "path": check.resource_path,
        "search": check.search_string,
        "interval": int(check.request_interval),
        "threshold": int(check.failure_threshold),
        "sni": bool(check.enable_sni),
        "inverted": bool(check.inverted),
        "disabled": bool(check.disabled),
        "children": check.children or [],
        "children_needed": check.health_threshold or 0,
    }


def _load_balancer(elbv2: SandboxELBv2Backend, balancer: FakeLoadBalancer) -> Json:
    return {"name": balancer.dns_name, "ports": _ports(elbv2, balancer), "healthy": _is_healthy(elbv2, balancer)}


def _ports(elbv2: SandboxELBv2Backend, balancer: FakeLoadBalancer) -> dict[str, str]:
    """Return the local address of each listener, by its port."""
    address = elbv2.places[balancer.arn].address
    return {str(port): f"{address}:{local}" for port, local in elbv2.local_ports(balancer).items()}


def _is_healthy(elbv2: SandboxELBv2Backend, balancer: FakeLoadBalancer) -> bool:
    """Return whether Route 53 takes a balancer for healthy: every one of its target groups has a healthy target.

    One without targets counts as unhealthy (AliasTarget in the Route 53 API reference), and all of them count:
    https://repost.aws/knowledge-center/load-balancer-marked-unhealthy
    """
    actions = [
        action.data for each in balancer.listeners.values() for rule in each.rules.values() for action in rule.actions
    ]
    groups = {str(action["TargetGroupArn"]) for action in actions if action.get("TargetGroupArn")}
    return bool(groups) and all(
        any(elbv2.target_health(arn, target).state == "healthy" for target in elbv2.targets.get(arn, {}).values())
        for arn in groups
    )
