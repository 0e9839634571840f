"""Which hosts a drill may reach: AWS's endpoints in the second region, and the global ones, by botocore's own data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader

from release.drill.report import GLOBAL, REFUSED, SECOND


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """The hosts that are let through. Names are in lower case, without a dot at the end."""

    region: str
    suffixes: tuple[str, ...]
    """What a name of this region ends with: `.eu-central-1.amazonaws.com`."""
    everywhere: frozenset[str]
    """The endpoints of services that have one for all regions."""

    def scope(self, host: str) -> str:
        """Return SECOND, GLOBAL or REFUSED."""
        name = host.lower().rstrip(".")
        if name.endswith(self.suffixes):
            return SECOND
        return GLOBAL if name in self.everywhere else REFUSED


def allowed(region: str) -> Allowed:
    """Return the hosts of a region and the global ones of its partition."""
    partitions, endpoints = _data()
    partition = next(
        (each for each in partitions if re.match(each["regionRegex"], region)),
        partitions[0],
    )
    outputs = partition["outputs"]
    domains = (outputs["dnsSuffix"], outputs["dualStackDnsSuffix"])
    services = next((each["services"] for each in endpoints if each["partition"] == partition["id"]), {})
    return Allowed(
        region=region,
        suffixes=tuple(f".{region}{kind}.{domain}" for domain in domains for kind in ("", ".elb")),
        everywhere=frozenset(
            host for service in services.values() if not service.get("isRegionalized") for host in _global(service)
        ),
    )


def _global(service: Mapping[str, Any]) -> list[str]:
    """Return the hosts of a service's endpoint for all regions; none if it has no such endpoint."""
    shown = service.get("endpoints", {}).get(service.get("partitionEndpoint", ""), {})
    return [each["hostname"] for each in (shown, *shown.get("variants", ())) if "hostname" in each]


@cache
def _data() -> tuple[Sequence[Any], Sequence[Any]]:
    loader = Loader()
    return loader.load_data("partitions")["partitions"], loader.load_data("endpoints")["partitions"]
