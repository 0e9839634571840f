"""Which requests reach which fleet: the listener's rules, and what makes them ambiguous. Pure.

The first rule that matches wins, so that rules go from the most to the least specific. A rule's priority
follows from the rule itself, not from its place among the others: a fleet that is added renumbers none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from infra.settings.model import RouteSettings

EVERYTHING = ("/*", "*")
_HIGHEST = 50_000
"""The API takes priorities 1 to 50000."""
_LONGEST = 128
"""Characters of a path pattern, by the API."""
_RANKS = 2 * (_LONGEST + 1)
_BAND = _HIGHEST // (3 * _RANKS)
"""Priorities that are shared by rules which are equally specific."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    fleet: str
    path: str | None
    """None where the hosts alone decide."""
    hosts: tuple[str, ...]
    priority: int

    @property
    def key(self) -> str:
        """Tells the rules of one fleet apart, whatever their order in the settings."""
        return hashlib.sha256((self.path or "").encode()).hexdigest()[:6]


@dataclass(frozen=True, kw_only=True)
class Routing:
    default: str | None
    """The fleet that takes what no rule takes; with None that is answered with 404."""
    rules: tuple[Rule, ...]


def plan(routes: Mapping[str, RouteSettings]) -> Routing:
    """The routing of all fleets, by fleet name; `conflicts` has found none."""
    default: str | None = None
    wanted: list[tuple[str, str | None, tuple[str, ...]]] = []
    for fleet, route in sorted(routes.items()):
        for path in dict.fromkeys(None if path in EVERYTHING else path for path in route.paths):
            if path is None and not route.hosts:
                default = fleet
            else:
                wanted.append((fleet, path, route.hosts))
    taken: set[int] = set()
    rules: list[Rule] = []
    for fleet, path, hosts in wanted:
        priority = _priority(fleet, path, hosts, taken)
        taken.add(priority)
        rules.append(Rule(fleet=fleet, path=path, hosts=hosts, priority=priority))
    return Routing(default=default, rules=tuple(sorted(rules, key=lambda rule: rule.priority)))


def conflicts(routes: Mapping[str, RouteSettings]) -> list[tuple[str, str]]:
    """Requests that two fleets claim: (path of the setting, what is wrong)."""
    owners: dict[tuple[str, str], str] = {}
    found: list[tuple[str, str]] = []
    for fleet, route in sorted(routes.items()):
        for path in route.paths:
            plain = "/*" if path in EVERYTHING else path
            for host in route.hosts or ("",):
                owner = owners.setdefault((host.lower(), plain), fleet)
                if owner != fleet:
                    what = f"{plain} on {host}" if host else plain
                    text = f"{what} is already taken by fleets.{owner}; give one of them another path or host"
                    found.append((f"fleets.{fleet}.routes", text))
    return found


def _priority(fleet: str, path: str | None, hosts: tuple[str, ...], taken: set[int]) -> int:
    """A band by how specific the rule is, and within it a place by its fleet and path."""
    band = 3 * _RANKS - 1 - (_host_rank(hosts) * _RANKS + _path_rank(path))
    place = int(hashlib.sha256(f"{fleet} {path}".encode()).hexdigest(), 16) % _BAND
    while (priority := 1 + band * _BAND + place) in taken:
        place = (place + 1) % _BAND
    return priority


def _host_rank(hosts: tuple[str, ...]) -> int:
    if not hosts:
        return 0
    return 1 if any(_is_pattern(host) for host in hosts) else 2


def _path_rank(path: str | None) -> int:
    if path is None:
        return 0
    literal = len(path) - path.count("*") - path.count("?")
    return 2 * literal + (0 if _is_pattern(path) else 1)


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text
