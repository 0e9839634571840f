"""What is asked of the balancer to know whether the first region stands, and what stands in the way of it. Pure.

Sources: "How Amazon Route 53 determines whether a health check is healthy" in the Route 53 developer guide, and
AliasTarget in its API reference.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping

from infra.balancer import routing
from infra.settings.fleet import FleetSettings

INTERVAL = 10
"""Seconds between an answer to one of Route 53's checkers and its next question: the shortest that there is."""
THRESHOLD = 3
"""How many questions in a row have to fail."""


def asked_path(fleets: Mapping[str, FleetSettings]) -> str:
    """Return the path that the health check asks: that of the fleet which takes everything."""
    fleet, _ = _parts(fleets)
    return fleets[fleet].health.path if fleet else "/"


def problems(role: str, fleets: Mapping[str, FleetSettings]) -> Iterator[tuple[str, str]]:
    """Yield what keeps `loadBalancer.failover: ROLE` from working, as path of the setting and what is wrong."""
    for name, fleet in fleets.items():
        if fleet.size.min == 0:
            yield (
                f"fleets.{name}.size.min",
                "must be at least 1 with loadBalancer.failover: while one fleet is empty, Route 53 takes the whole "
                "balancer for unhealthy",
            )
    if role != "primary":
        return
    default, rules = _parts(fleets)
    if default is None:
        yield (
            "loadBalancer.failover",
            "needs a fleet that takes everything on every host, which the health check can ask; give one fleet "
            "neither routes.paths nor routes.hosts",
        )
        return
    health = fleets[default].health
    if not all(200 <= int(status) < 400 for part in health.codes.split(",") for status in part.split("-")):
        yield (
            f"fleets.{default}.health.codes",
            f"must be from 200 to 399 with loadBalancer.failover, are {health.codes}: anything else is a failure to "
            "Route 53's health check",
        )
    for name, path in rules:
        if fnmatch.fnmatchcase(health.path.partition("?")[0], path):
            yield (
                f"fleets.{name}.routes.paths",
                f"{path} takes {health.path}, by which the health check of loadBalancer.failover asks the fleet "
                f"{default}; give fleets.{default}.health.path one that no other fleet takes",
            )


def _parts(fleets: Mapping[str, FleetSettings]) -> tuple[str | None, list[tuple[str, str]]]:
    """Return the fleet that takes the rest, and fleet and path of each rule for every host, the balancer's own too."""
    default, rules = routing.parts({name: fleet.routes for name, fleet in fleets.items()})
    return default, [(fleet, path) for fleet, path, hosts in rules if path is not None and not hosts]
