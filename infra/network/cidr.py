"""The address plan of a VPC. Pure.

Each zone has a slot of its own, an eighth of the VPC, that depends on the zone's letter alone: a zone that is
added or taken away moves no other. Half of a slot is the private subnet, a quarter the public one; the last
quarter is free for what a team adds later.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass

LETTERS = "abcdefgh"
LARGEST, SMALLEST = 16, 22
"""Prefix lengths: AWS allows no larger VPC, and a load balancer needs a /27 in each zone."""

_SHARED = tuple(
    ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


@dataclass(frozen=True)
class ZoneSubnets:
    public: str
    private: str


def check(cidr: str) -> str | None:
    """Return what is wrong with a VPC's block, or None."""
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError:
        meant = without_host_bits(cidr)
        return f"must be an IPv4 block such as 10.20.0.0/16, is {cidr!r}" + (
            f"; did you mean {meant}?" if meant else ""
        )
    if not LARGEST <= network.prefixlen <= SMALLEST:
        return f"must be a /{LARGEST} to /{SMALLEST}, so that it holds a subnet pair for each zone, is {cidr}"
    if not any(network.subnet_of(block) for block in _SHARED):
        return f"must be within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, is {cidr}"
    return None


def plan(cidr: str, zones: Collection[str]) -> dict[str, ZoneSubnets]:
    """Return the subnets of each zone (`eu-west-1a`); `cidr` has passed `check`."""
    slots = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=3))
    planned: dict[str, ZoneSubnets] = {}
    for zone in zones:
        private, rest = slots[LETTERS.index(zone[-1])].subnets()
        public, _ = rest.subnets()
        planned[zone] = ZoneSubnets(public=str(public), private=str(private))
    return planned


def without_host_bits(cidr: str) -> str | None:
    """Return the block that an address with a prefix length lies in; None if the text is not one."""
    try:
        return str(ipaddress.IPv4Network(cidr, strict=False)) if "/" in cidr else None
    except ValueError:
        return None
