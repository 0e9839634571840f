"""What the load balancers are told to do, as `GET /_sandbox/load-balancers` has it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
PROTOCOLS = ("HTTP", "HTTPS")  # those of an Application Load Balancer


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """Times in seconds; `matcher` as in ELBv2's Matcher: `200`, `200,202` or `200-299`."""

    path: str
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str

    def matches(self, status: int) -> bool:
        """Whether a response with this status is a success."""
        for part in self.matcher.split(","):
            first, _, last = part.strip().partition("-")
            if first.isdigit() and int(first) <= status <= int(last or first):
                return True
        return False


@dataclass(frozen=True, kw_only=True)
class TargetConfig:
    """One registered or draining target; `address` is `host:port`, or None as long as the machine has none."""

    id: str
    port: int
    address: str | None
    draining: bool


@dataclass(frozen=True, kw_only=True)
class GroupConfig:
    """One target group and its targets."""

    arn: str
    region: str
    health_check: HealthCheck
    attributes: Mapping[str, str]
    targets: tuple[TargetConfig, ...]

    @property
    def dimension(self) -> str:
        """The value of CloudWatch's TargetGroup dimension, `targetgroup/<name>/<id>`."""
        return self.arn.rsplit(":", 1)[-1]

    @property
    def deregistration_delay(self) -> float:
        """Seconds for which requests in flight may go on."""
        return float(self.attributes.get("deregistration_delay.timeout_seconds", 300))


@dataclass(frozen=True, kw_only=True)
class RuleConfig:
    """Conditions and actions as in DescribeRules; the default rule has no priority."""

    priority: int | None
    conditions: tuple[Json, ...]
    actions: tuple[Json, ...]


@dataclass(frozen=True, kw_only=True)
class ListenerConfig:
    """One listener, its rules in the order in which they are tried."""

    arn: str
    port: int
    protocol: str
    rules: tuple[RuleConfig, ...]

    @property
    def secure(self) -> bool:
        """Whether clients speak TLS."""
        return self.protocol == "HTTPS"


@dataclass(frozen=True, kw_only=True)
class LoadBalancerConfig:
    """One Application Load Balancer; `port` is the local one."""

    arn: str
    name: str
    region: str
    port: int
    attributes: Mapping[str, str]
    listeners: tuple[ListenerConfig, ...]

    @property
    def dimension(self) -> str:
        """The value of CloudWatch's LoadBalancer dimension, `app/<name>/<id>`."""
        return self.arn.partition(":loadbalancer/")[2]

    @property
    def main(self) -> ListenerConfig | None:
        """The listener that the local port serves: the one of 443 where there is one, else the first."""
        secure = [listener for listener in self.listeners if listener.port == 443]
        return next(iter([*secure, *self.listeners]), None)

    def on(self, attribute: str) -> bool:
        """Whether a boolean attribute is `true`."""
        return self.attributes.get(attribute, "").lower() == "true"

    @property
    def idle_timeout(self) -> float:
        """Seconds without a byte after which a connection is given up."""
        return float(self.attributes.get("idle_timeout.timeout_seconds", 60))


@dataclass(frozen=True)
class Config:
    """A whole snapshot, by ARN."""

    load_balancers: Mapping[str, LoadBalancerConfig]
    groups: Mapping[str, GroupConfig]


def parse(document: Json) -> Config:
    """The typed form of a snapshot."""
    balancers = [_load_balancer(entry) for entry in document["load_balancers"]]
    groups = [_group(entry) for entry in document["target_groups"]]
    return Config({balancer.arn: balancer for balancer in balancers}, {group.arn: group for group in groups})


def _load_balancer(entry: Json) -> LoadBalancerConfig:
    return LoadBalancerConfig(
        arn=entry["arn"],
        name=entry["name"],
        region=entry["region"],
        port=int(entry["port"]),
        attributes=entry.get("attributes") or {},
        listeners=tuple(_listener(one) for one in entry["listeners"] if one["protocol"].upper() in PROTOCOLS),
    )


def _listener(entry: Json) -> ListenerConfig:
    rules = [
        RuleConfig(
            priority=rule["priority"], conditions=tuple(rule.get("conditions") or ()), actions=tuple(rule["actions"])
        )
        for rule in entry["rules"]
    ]
    rules.sort(key=lambda rule: (rule.priority is None, rule.priority or 0))
    return ListenerConfig(
        arn=entry["arn"], port=int(entry["port"]), protocol=entry["protocol"].upper(), rules=tuple(rules)
    )


def _group(entry: Json) -> GroupConfig:
    check = entry["health_check"]
    return GroupConfig(
        arn=entry["arn"],
        region=entry["region"],
        health_check=HealthCheck(
            path=check.get("path") or "/",
            interval=float(check.get("interval") or 30),
            timeout=float(check.get("timeout") or 5),
            healthy_threshold=int(check.get("healthy_threshold") or 5),
            unhealthy_threshold=int(check.get("unhealthy_threshold") or 2),
            matcher=str(check.get("matcher") or "200"),
        ),
        attributes=entry.get("attributes") or {},
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
