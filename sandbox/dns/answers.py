"""What Route 53 answers to a question: which record of a name counts, and what an alias stands for. Pure.

Sources, in the Route 53 developer guide: "How Amazon Route 53 chooses records when health checking is configured",
"Choosing between alias and non-alias records"; in its API reference: ResourceRecordSet and AliasTarget.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.dns.config import Config, Record, Zone, plain

ALIAS_TTL = 60
"""Seconds that the answer of an alias of a load balancer may be kept; it can't be set."""
_DEPTH = 8
"""How many aliases may lead to one another."""

Code = Literal["NOERROR", "NXDOMAIN", "REFUSED", "SERVFAIL"]
IsHealthy = Callable[[str], bool]
"""Says whether a health check, by its id, is healthy."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One resource record of an answer; `value` as in a zone file, `ttl` in seconds."""

    name: str
    type: str
    ttl: int
    value: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer; `authority` is the zone's SOA where there is nothing."""

    code: Code
    lines: tuple[Line, ...] = ()
    authority: tuple[Line, ...] = ()


def answer(config: Config, healthy: IsHealthy, name: str, type_: str) -> Answer:
    """Return the answer to a question."""
    name = plain(name)
    zone = config.zone_of(name)
    if zone is None:
        return Answer(code="REFUSED")
    there = _of_name(zone, name)
    if not there:
        below = any(record.name.endswith(f".{name}") for record in zone.records)
        return Answer(code="NOERROR" if below else "NXDOMAIN", authority=_soa(zone))
    of_type = [record for record in there if record.type == type_]
    others = [record for record in there if record.type == "CNAME"]
    found = of_type or others
    if any(record.set_identifier and not record.failover for record in found):
        return Answer(code="SERVFAIL")  # a routing policy that is not served here
    chooser = _Chooser(config, healthy)
    lines = chooser.lines(name, found, _DEPTH)
    return Answer(code="NOERROR", lines=lines, authority=() if lines else _soa(zone))


def _of_name(zone: Zone, name: str) -> list[Record]:
    """Return the records of a name, or those of the wildcard that covers it (RFC 4592)."""
    exact = [record for record in zone.records if record.name == name]
    parent = name
    while not exact and parent.endswith(f".{zone.name}"):
        parent = parent.partition(".")[2]
        exact = [record for record in zone.records if record.name == f"*.{parent}"]
        if any(record.name == parent or record.name.endswith(f".{parent}") for record in zone.records):
            break  # the closest name that exists: a wildcard above it does not count
    return exact


def _soa(zone: Zone) -> tuple[Line, ...]:
    return tuple(
        Line(name=zone.name, type="SOA", ttl=record.ttl or 0, value=value)
        for record in zone.records
        if record.type == "SOA"
        for value in record.values
    )


class _Chooser:
    def __init__(self, config: Config, healthy: IsHealthy) -> None:
        self._config = config
        self._healthy = healthy

    def lines(self, name: str, group: Sequence[Record], depth: int) -> tuple[Line, ...]:
        """Return what a group of records of one name and type says of `name`."""
        record = self._choose(group, depth) if group and depth else None
        if record is None:
            return ()
        if record.alias is None:
            return tuple(Line(name=name, type=record.type, ttl=record.ttl or 0, value=value) for value in record.values)
        balancer = self._config.load_balancer(record.alias.name)
        if balancer is not None:
            addresses = {address.partition(":")[0] for address in balancer.ports.values()} if record.type == "A" else ()
            return tuple(Line(name=name, type="A", ttl=ALIAS_TTL, value=address) for address in sorted(addresses))
        return self.lines(name, self._targets(record), depth - 1)

    def _targets(self, record: Record) -> list[Record]:
        """Return the records that an alias of another name of its zone stands for."""
        zone = self._config.zone_of(record.name)
        if zone is None or record.alias is None:
            return []
        return [each for each in _of_name(zone, plain(record.alias.name)) if each.type == record.type]

    def _choose(self, group: Sequence[Record], depth: int) -> Record:
        """Return the record that counts: the primary one while it is healthy, or while the secondary one is not."""
        primary = next((record for record in group if record.failover == "PRIMARY"), None)
        secondary = next((record for record in group if record.failover == "SECONDARY"), None)
        if primary is None or secondary is None:
            return primary or secondary or group[0]
        return secondary if not self._counts(primary, depth) and self._counts(secondary, depth) else primary

    def _counts(self, record: Record, depth: int) -> bool:
        """Return whether a record is healthy: its health check, if any, and what an alias stands for are."""
        if record.health_check and not self._healthy(record.health_check):
            return False
        if record.alias is None or not record.alias.evaluate:
            return True
        balancer = self._config.load_balancer(record.alias.name)
        if balancer is not None:
            return balancer.healthy
        targets = self._targets(record) if depth else []
        return any(self._counts(each, depth - 1) for each in targets)
