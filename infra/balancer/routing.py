"""The listener's rules, which decide what fleet a request reaches, and the routes that conflict. Pure.

The first rule that matches wins, so that rules go from the most to the least specific. A rule's priority follows from
the rule itself, not from its place among the others. Where two rules come to the same one, which of them was there
first decides, so that a fleet that is added renumbers none: AWS moves no rule to a priority that is still in use.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from infra.settings.fleet import RouteSettings

EVERYTHING = ("/*", "*")
_HIGHEST = 50_000
"""The highest priority: the API takes 1 to 50000."""
_LONGEST = 128
"""Characters of a path pattern, by the API."""
_RANKS = 2 * (_LONGEST + 1)
_BAND = _HIGHEST // (3 * _RANKS)
"""Priorities that are shared by rules which are equally specific: 64."""
_RULES = 100
"""Rules of a load balancer, without the default ones (ELB's quota)."""
_WILDCARDS = 5
"""Wildcards of a rule (ELB's quota)."""

There: TypeAlias = "Mapping[tuple[str, str | None], int]"
"""The priorities of the rules that a listener has, by fleet and path."""


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
    """The fleet that takes what no rule takes; None answers it with 404."""
    rules: tuple[Rule, ...]


def plan(routes: Mapping[str, RouteSettings], there: There | None = None) -> Routing:
    """Return the routing of all fleets; `conflicts` has found nothing. Rules that are `there` keep their priority.

    Raises ValueError where rules that are there, and are to go, leave no place for new ones that are as specific.
    """
    default, wanted = parts(routes)
    known = there or {}
    kept = {
        (fleet, path): known[fleet, path]
        for fleet, path, hosts in wanted
        if (fleet, path) in known and known[fleet, path] in _places(path, hosts)
    }
    taken = set(known.values())
    rules: list[Rule] = []
    for fleet, path, hosts in wanted:
        priority = kept.get((fleet, path)) or _priority(fleet, path, hosts, taken)
        taken.add(priority)
        rules.append(Rule(fleet=fleet, path=path, hosts=hosts, priority=priority))
    return Routing(default=default, rules=tuple(sorted(rules, key=lambda rule: rule.priority)))


def parts(routes: Mapping[str, RouteSettings]) -> tuple[str | None, list[tuple[str, str | None, tuple[str, ...]]]]:
    """Return the fleet that takes what no rule takes, if there is one, and the fleet, path and hosts of each rule."""
    default: str | None = None
    wanted: list[tuple[str, str | None, tuple[str, ...]]] = []
    for fleet, route in sorted(routes.items()):
        for path in dict.fromkeys(None if path in EVERYTHING else path for path in route.paths):
            if path is None and not route.hosts:
                default = fleet
            else:
                wanted.append((fleet, path, route.hosts))
    return default, wanted


def conflicts(routes: Mapping[str, RouteSettings]) -> list[tuple[str, str]]:
    """Return the requests that two fleets claim, each as path of the setting and what is wrong."""
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
    return found + _over_limits(routes)


def _over_limits(routes: Mapping[str, RouteSettings]) -> list[tuple[str, str]]:
    """Return what is more than a listener can hold, in the same form."""
    _, wanted = parts(routes)
    found: list[tuple[str, str]] = []
    if len(wanted) > _RULES:
        found.append(
            (
                "fleets",
                f"have {len(wanted)} routes together (a path each, but for the fleet that takes the rest), and a load "
                f"balancer takes {_RULES}; join paths by a pattern, or part the fleets into two stacks",
            )
        )
    counted = Counter(_places(path, hosts) for _, path, hosts in wanted)
    for fleet, path, hosts in wanted:
        places = _places(path, hosts)
        if counted.pop(places, 0) > _BAND:
            found.append(
                (
                    f"fleets.{fleet}.routes",
                    f"more than {_BAND} routes are as specific as {path or 'its hosts'} (as long, wildcards left out), "
                    f"and at most {_BAND} get a priority; join some by a pattern, or part the fleets into two stacks",
                )
            )
        wildcards = sum(text.count("*") + text.count("?") for text in (path or "", *hosts))
        if wildcards > _WILDCARDS:
            found.append(
                (
                    f"fleets.{fleet}.routes",
                    f"{path or EVERYTHING[0]} and its hosts have {wildcards} wildcards, a rule takes {_WILDCARDS}",
                )
            )
    return found


def _places(path: str | None, hosts: tuple[str, ...]) -> range:
    """Return the priorities of all rules that are as specific as this one."""
    band = 3 * _RANKS - 1 - (_host_rank(hosts) * _RANKS + _path_rank(path))
    return range(1 + band * _BAND, 1 + (band + 1) * _BAND)


def _priority(fleet: str, path: str | None, hosts: tuple[str, ...], taken: set[int]) -> int:
    """Return the priority that fleet and path give, or the next free one. Raises ValueError if none is free."""
    places = _places(path, hosts)
    first = int(hashlib.sha256(f"{fleet} {path}".encode()).hexdigest(), 16) % _BAND
    for step in range(_BAND):
        priority = places[(first + step) % _BAND]
        if priority not in taken:
            return priority
    raise ValueError(
        f"fleets.{fleet}.routes: no priority is free for {path or 'its hosts'}: all {_BAND} for routes that are as "
        "specific are taken, some of them by routes that are to go; remove those in a `pulumi up` of their own first"
    )


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
