"""The configuration of the load balancers, as `GET /_sandbox/load-balancers` returns it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """Times are in seconds; `matcher` is ELBv2's Matcher: `200`, `200,202` or `200-299`."""

    path: str
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str

    def matches(self, status: int) -> bool:
        """Return whether a response with this status is a success."""
        for part in self.matcher.split(","):
            first, _, last = part.strip().partition("-")
            if first.isdigit() and int(first) <= status <= int(last or first):
                return True
        return False


@dataclass(frozen=True, kw_only=True)
class TargetConfig:
    """One registered or draining target; `address` is `host:port`, or None as long as its machine has no port."""

    id: str
    port: int
    address: str | None
    draining: bool


@dataclass(frozen=True, kw_only=True)
class GroupConfig:
    """One target group and its targets; `deregistration_delay` is how many seconds requests in flight may go on."""

    arn: str
    health_check: HealthCheck
    deregistration_delay: float
    targets: tuple[TargetConfig, ...]

    @property
    def dimension(self) -> str:
        """The value of CloudWatch's TargetGroup dimension, `targetgroup/<name>/<id>`."""
        return self.arn.rsplit(":", 1)[-1]


@dataclass(frozen=True, kw_only=True)
class RuleConfig:
    """Conditions and action as in DescribeRules; the default rule has no priority."""

    priority: int | None
    conditions: tuple[Json, ...]
    action: Json


@dataclass(frozen=True, kw_only=True)
class ListenerConfig:
    """One listener, its rules in the order in which they are tried; if `secure`, clients speak TLS.

    `local_port` is where it is on this machine; 0 for any port.
    """

    arn: str
    port: int
    local_port: int
    secure: bool
    rules: tuple[RuleConfig, ...]


@dataclass(frozen=True, kw_only=True)
class LoadBalancerConfig:
    """One Application Load Balancer; `address` is the one of loopback that it has.

    `idle_timeout` is how many seconds a connection may be silent before it is given up.
    """

    arn: str
    name: str
    region: str
    address: str
    idle_timeout: float
    drop_invalid_headers: bool
    listeners: tuple[ListenerConfig, ...]

    @property
    def dimension(self) -> str:
        """The value of CloudWatch's LoadBalancer dimension, `app/<name>/<id>`."""
        return self.arn.partition(":loadbalancer/")[2]


@dataclass(frozen=True)
class Config:
    """A whole snapshot, by ARN."""

    load_balancers: Mapping[str, LoadBalancerConfig]
    groups: Mapping[str, GroupConfig]


def parse(document: Json) -> Config:
    """Read a snapshot, but for what lies in a dark region. Raises KeyError, TypeError or ValueError."""
    balancers = [_load_balancer(entry) for entry in document["load_balancers"] if not entry.get("dark")]
    groups = [_group(entry) for entry in document["target_groups"] if not entry.get("dark")]
    return Config({balancer.arn: balancer for balancer in balancers}, {group.arn: group for group in groups})


def _load_balancer(entry: Json) -> LoadBalancerConfig:
    attributes = entry.get("attributes") or {}
    return LoadBalancerConfig(
        arn=entry["arn"],
        name=entry["name"],
        region=entry["region"],
        address=entry["address"],
        idle_timeout=float(attributes.get("idle_timeout.timeout_seconds", 60)),
        drop_invalid_headers=attributes.get("routing.http.drop_invalid_header_fields.enabled", "").lower() == "true",
        listeners=tuple(_listener(one) for one in entry["listeners"]),
    )


def _listener(entry: Json) -> ListenerConfig:
    rules = [
        RuleConfig(priority=rule["priority"], conditions=tuple(rule.get("conditions") or ()), action=rule["actions"][0])
        for rule in entry["rules"]
    ]
    rules.sort(key=lambda rule: (rule.priority is None, rule.priority or 0))
    return ListenerConfig(
        arn=entry["arn"],
        port=int(entry["port"]),
        local_port=int(entry.get("local_port") or 0),
        secure=entry["protocol"] == "HTTPS",
        rules=tuple(rules),
    )


def _group(entry: Json) -> GroupConfig:
    check = entry["health_check"]
    return GroupConfig(
        arn=entry["arn"],
        health_check=HealthCheck(
            path=check["path"],
            interval=float(check["interval"]),
            timeout=float(check["timeout"]),
            healthy_threshold=int(check["healthy_threshold"]),
            unhealthy_threshold=int(check["unhealthy_threshold"]),
            matcher=str(check["matcher"]),
        ),
        deregistration_delay=float((entry.get("attributes") or {}).get("deregistration_delay.timeout_seconds", 300)),
        targets=tuple(
            TargetConfig(
                id=target["id"],
                port=int(target["port"]),
                address=target.get("address"),
                draining=target["state"] == "draining",
            )
            for target in entry["targets"]
        ),
    )
