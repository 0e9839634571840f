"""The zones, health checks and load balancers, as `GET /_sandbox/dns` returns them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
ENDPOINTS = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")
"""The types of health checks that ask something for an answer."""


def plain(name: str) -> str:
    """Return a name in lower case, without the final dot."""
    return name.lower().rstrip(".").replace("\\052", "*")


@dataclass(frozen=True, kw_only=True)
class Alias:
    """What an alias record stands for; `evaluate` is EvaluateTargetHealth."""

    name: str
    evaluate: bool


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record set; `ttl` is in seconds, None for an alias."""

    name: str
    type: str
    ttl: int | None
    values: tuple[str, ...]
    alias: Alias | None
    set_identifier: str | None
    failover: str | None
    health_check: str | None


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A public hosted zone."""

    name: str
    records: tuple[Record, ...]


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """A health check; `interval` is in seconds. Source: HealthCheckConfig in the Route 53 API reference."""

    id: str
    type: str
    fqdn: str
    ip: str
    port: int
    path: str
    search: str
    interval: float
    threshold: int
    sni: bool
    inverted: bool
    disabled: bool
    children: tuple[str, ...]
    children_needed: int

    @property
    def secure(self) -> bool:
        """Whether the endpoint speaks TLS."""
        return self.type.startswith("HTTPS")


@dataclass(frozen=True, kw_only=True)
class LoadBalancer:
    """A load balancer: its DNS name, and the local `address:port` of each listener, by the listener's port."""

    name: str
    ports: Mapping[int, str]
    healthy: bool


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole snapshot."""

    zones: tuple[Zone, ...] = ()
    health_checks: tuple[HealthCheck, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()

    def zone_of(self, name: str) -> Zone | None:
        """Return the zone that has a name in it: of several, the one whose name is the longest."""
        name = plain(name)
        found = [zone for zone in self.zones if name == zone.name or name.endswith(f".{zone.name}")]
        return max(found, key=lambda zone: len(zone.name), default=None)

    def load_balancer(self, name: str) -> LoadBalancer | None:
        """Return the load balancer that has a DNS name; `dualstack.` before it means the same one."""
        wanted = plain(name).removeprefix("dualstack.")
        return next((each for each in self.load_balancers if plain(each.name) == wanted), None)


def parse(document: Json) -> Config:
    """Read a snapshot. Raises KeyError, TypeError or ValueError if it is not one."""
    return Config(
        zones=tuple(
            Zone(name=plain(zone["name"]), records=tuple(_record(record) for record in zone["records"]))
            for zone in document["zones"]
        ),
        health_checks=tuple(_health_check(check) for check in document["health_checks"]),
        load_balancers=tuple(
            LoadBalancer(
                name=balancer["name"],
                ports={int(port): address for port, address in balancer["ports"].items()},
                healthy=balancer["healthy"],
            )
            for balancer in document["load_balancers"]
        ),
    )


def _record(entry: Json) -> Record:
    alias = entry["alias"]
    return Record(
        name=plain(entry["name"]),
        type=entry["type"],
        ttl=entry["ttl"],
        values=tuple(entry["values"]),
        alias=Alias(name=alias["name"], evaluate=alias["evaluate"]) if alias else None,
        set_identifier=entry["set_identifier"],
        failover=entry["failover"],
        health_check=entry["health_check"],
    )


def _health_check(entry: Json) -> HealthCheck:
    return HealthCheck(
        id=entry["id"],
        type=entry["type"],
        fqdn=entry["fqdn"] or "",
        ip=entry["ip"] or "",
        port=int(entry["port"]),
        path=entry["path"] or "/",
        search=entry["search"] or "",
        interval=float(entry["interval"]),
        threshold=int(entry["threshold"]),
        sni=entry["sni"],
        inverted=entry["inverted"],
        disabled=entry["disabled"],
        children=tuple(entry["children"]),
        children_needed=int(entry["children_needed"]),
    )
