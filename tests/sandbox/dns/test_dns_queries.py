"""The zones of Route 53, asked by UDP and TCP."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from sandbox.dns.answers import Answer
from sandbox.dns.server import Server
from tests.sandbox.dns.world import World, ask
from tests.waiting import until

pytestmark = pytest.mark.sandbox


async def _two() -> tuple[int, int]:
    """Open a server, and another one that is meant to have the same port; return the ports that they have."""
    first, second = (Server(lambda _name, _type: Answer(code="NOERROR")) for _ in range(2))
    try:
        port = await first.open(0)
        return port, await second.open(port)
    finally:
        first.close()
        second.close()


def test_a_port_that_is_taken_meanwhile_is_left():
    """Of two sandboxes that start at once, both find a port free."""
    first, second = asyncio.run(_two())
    assert 0 < second != first


@pytest.mark.parametrize("tcp", [False, True])
def test_records_are_answered_as_they_were_made(world: World, tcp: bool):
    """A, TXT, CNAME and MX with their TTL, by UDP and by TCP, with the authority of the zone."""
    world.change(
        ("CREATE", world.record("www", "A", "192.0.2.1", "192.0.2.2", ttl=17)),
        ("CREATE", world.record("note", "TXT", '"v=spf1 -all"')),
        ("CREATE", world.record("other", "CNAME", "elsewhere.example.org")),
        ("CREATE", world.record("", "MX", "10 mail.example.org")),
    )
    until(lambda: world.ask("www", tcp=tcp).records)
    reply = world.ask("www", tcp=tcp)
    assert sorted(reply.records) == [("A", 17, "192.0.2.1"), ("A", 17, "192.0.2.2")]
    assert reply.authoritative
    assert world.ask("note", "TXT", tcp=tcp).values == ['"v=spf1 -all"']
    assert world.ask("other", "A", tcp=tcp).records == [("CNAME", 300, "elsewhere.example.org.")]
    assert world.ask("", "MX", tcp=tcp).values == ["10 mail.example.org."]
    assert len(world.ask("", "NS", tcp=tcp).records) == 4
    assert world.ask("", "SOA", tcp=tcp).records[0][:2] == ("SOA", 900)


def test_what_is_not_there_is_told_apart(world: World):
    """NXDOMAIN for no such name, NODATA for no such type or a name that is only above others, REFUSED elsewhere."""
    world.change(("CREATE", world.record("a.b", "A", "192.0.2.1")))
    until(lambda: world.ask("a.b").records)
    assert (world.ask("missing").code, world.ask("missing").authority) == ("NXDOMAIN", ["SOA"])
    assert (world.ask("a.b", "AAAA").code, world.ask("a.b", "AAAA").authority) == ("NOERROR", ["SOA"])
    assert (world.ask("b").code, world.ask("b").records) == ("NOERROR", [])
    refused = ask(world.port, "example.org")
    assert (refused.code, refused.authoritative) == ("REFUSED", False)


def test_names_have_no_case_and_wildcards_cover_what_is_not_there(world: World):
    """`*` answers for names without records of their own, below no other name."""
    world.change(
        ("CREATE", world.record("*", "A", "192.0.2.9")),
        ("CREATE", world.record("Named", "TXT", '"here"')),
    )
    until(lambda: world.ask("anything").values == ["192.0.2.9"])
    assert world.ask("ANYTHING.at.all").values == ["192.0.2.9"]
    assert world.ask("nAMED", "TXT").values == ['"here"']
    assert world.ask("named").values == []
    assert world.ask("below.named").code == "NXDOMAIN"


def test_changes_and_removals_are_followed(world: World):
    """A record that is changed answers differently; one that is gone is NXDOMAIN."""
    world.change(("CREATE", world.record("www", "A", "192.0.2.1")))
    until(lambda: world.ask("www").values == ["192.0.2.1"])
    world.change(("UPSERT", world.record("www", "A", "192.0.2.2")))
    until(lambda: world.ask("www").values == ["192.0.2.2"])
    world.change(("DELETE", world.record("www", "A", "192.0.2.2")))
    until(lambda: world.ask("www").code == "NXDOMAIN")


def test_an_answer_too_long_for_udp_is_truncated_and_whole_by_tcp(world: World):
    """The client is told to ask again by TCP, where several queries may share a connection."""
    texts = [f'"{number:03}{"x" * 100}"' for number in range(20)]
    world.change(("CREATE", world.record("long", "TXT", *texts)))
    until(lambda: world.ask("long", "TXT", tcp=True).records)
    assert world.ask("long", "TXT").truncated
    assert len(world.ask("long", "TXT", tcp=True).records) == 20


def test_what_is_no_query_is_not_answered_and_ends_nothing(world: World):
    """Noise by UDP and TCP; the server goes on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noisy:
        noisy.sendto(b"\x00\x01garbage", ("127.0.0.1", world.port))
    with socket.create_connection(("127.0.0.1", world.port), timeout=10) as noisy:
        noisy.sendall(struct.pack("!H", 4) + b"oops")
        assert noisy.recv(10) == b""
    until(lambda: world.ask("", "SOA").records)
