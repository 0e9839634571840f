"""ChangeResourceRecordSets: what Route 53 refuses, and that a batch is made as a whole."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.dns.world import World

pytestmark = pytest.mark.sandbox


def refused(world: World, *changes: tuple[str, dict[str, Any]]) -> str:
    with pytest.raises(ClientError) as error:
        world.change(*changes)
    assert error.value.response["Error"]["Code"] == "InvalidChangeBatch"
    return str(error.value)


def failover(world: World, role: str, value: str = "192.0.2.1", *, identifier: str = "") -> dict[str, Any]:
    return world.record("www", "A", value, ttl=60, Failover=role, SetIdentifier=identifier or role.lower())


def names(world: World) -> list[tuple[str, str, str | None]]:
    pages = world.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=world.zone)
    return [(r["Name"], r["Type"], r.get("SetIdentifier")) for page in pages for r in page["ResourceRecordSets"]]


def test_a_failover_record_is_refused_beside_a_simple_one_and_takes_its_place_in_one_batch(world: World):
    """The one must go in the same batch in which the other comes, or before; nothing of a refused batch is made."""
    simple = world.record("www", "A", "192.0.2.1")
    world.change(("CREATE", simple))
    other = world.record("other", "A", "192.0.2.1")
    assert "other RRSets exist" in refused(world, ("CREATE", other), ("CREATE", failover(world, "PRIMARY")))
    assert not [name for name in names(world) if name[0].startswith("other")]
    world.change(("DELETE", simple), ("CREATE", failover(world, "PRIMARY")))
    assert "other RRSets exist" in refused(world, ("CREATE", simple))
    assert (f"{world.name('www')}.", "A", "primary") in names(world)


def test_there_is_one_primary_and_one_secondary(world: World):
    """A second record of the same role is refused, whatever it is called; removing one leaves the other."""
    world.change(("CREATE", failover(world, "PRIMARY")), ("CREATE", failover(world, "SECONDARY")))
    assert "PRIMARY failover RRSet exists" in refused(world, ("CREATE", failover(world, "PRIMARY", identifier="b")))
    assert "already exists" in refused(world, ("CREATE", failover(world, "PRIMARY")))
    world.change(("DELETE", failover(world, "PRIMARY")))
    assert [name[2] for name in names(world) if name[0].startswith("www")] == ["secondary"]


def test_removing_takes_what_is_there_exactly(world: World):
    """Other values, another identifier or another name is refused, and nothing goes by its identifier alone."""
    same = {"Failover": "PRIMARY", "SetIdentifier": "primary"}
    world.change(
        ("CREATE", failover(world, "PRIMARY")), ("CREATE", world.record("twin", "A", "192.0.2.7", ttl=60, **same))
    )
    assert "do not match" in refused(world, ("DELETE", failover(world, "PRIMARY", "192.0.2.2")))
    assert "not found" in refused(world, ("DELETE", failover(world, "PRIMARY", identifier="other")))
    world.change(("DELETE", failover(world, "PRIMARY")))
    assert (f"{world.name('twin')}.", "A", "primary") in names(world)


def test_a_cname_lies_beside_nothing_and_a_record_in_its_zone(world: World):
    """A CNAME and another record of its name, a name of another zone, and a health check that is not there."""
    world.change(("CREATE", world.record("www", "A", "192.0.2.1")))
    assert "conflicting RRSet" in refused(world, ("CREATE", world.record("www", "CNAME", "example.org")))
    foreign = {"Name": "www.example.org", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    assert "not permitted in zone" in refused(world, ("CREATE", foreign))
    checked = world.record("new", "A", "192.0.2.1", Failover="PRIMARY", SetIdentifier="a", HealthCheckId="gone")
    assert "does not exist" in refused(world, ("CREATE", checked))
