"""The address plan."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.network import cidr


def numbered(prefix: int, number: int) -> str:
    return str(ipaddress.IPv4Network(((10 << 24) + (number << (32 - prefix)), prefix)))


BLOCKS = st.builds(numbered, st.integers(cidr.LARGEST, cidr.SMALLEST), st.integers(0, 255))
ZONES = st.sets(st.sampled_from([f"eu-west-1{letter}" for letter in cidr.LETTERS]), min_size=1, max_size=8)


@given(BLOCKS, ZONES)
def test_subnets_lie_in_the_block_and_apart(block: str, zones: set[str]):
    """No two subnets share an address, and none leaves the VPC."""
    subnets = [
        ipaddress.IPv4Network(text) for zone in cidr.plan(block, zones).values() for text in (zone.public, zone.private)
    ]
    assert all(subnet.subnet_of(ipaddress.IPv4Network(block)) for subnet in subnets)
    assert not any(one.overlaps(other) for one in subnets for other in subnets if one is not other)


@given(BLOCKS, ZONES, ZONES)
def test_a_zone_keeps_its_subnets_whatever_the_others_are(block: str, before: set[str], after: set[str]):
    """Adding or taking away zones renumbers none that stays: its subnets would be replaced, machines and all."""
    first, second = cidr.plan(block, before), cidr.plan(block, after)
    assert all(first[zone] == second[zone] for zone in before & after)


@given(BLOCKS, ZONES)
def test_every_subnet_is_large_enough(block: str, zones: set[str]):
    """A load balancer takes no subnet smaller than a /27; machines have more room than balancers."""
    for zone in cidr.plan(block, zones).values():
        public, private = ipaddress.ip_network(zone.public), ipaddress.ip_network(zone.private)
        assert public.prefixlen <= 27
        assert private.num_addresses == 2 * public.num_addresses


@given(BLOCKS)
def test_good_blocks_pass(block: str):
    """What the plan can be made of is not refused."""
    assert cidr.check(block) is None


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("10.20.0.0", "must be a /16 to /22"),
        ("10.20.0.1/16", "did you mean 10.20.0.0/16?"),
        ("10.0.0.0/8", "must be a /16 to /22"),
        ("10.20.0.0/24", "must be a /16 to /22"),
        ("8.8.0.0/16", "must be within"),
        ("fd00::/56", "must be an IPv4 block"),
        ("ten", "must be an IPv4 block"),
        ("10.20.0.0/33", "must be an IPv4 block"),
    ],
)
def test_bad_blocks_are_explained(block: str, says: str):
    """Each refusal says what would do."""
    assert says in (cidr.check(block) or "")
