"""Listener rules: which one a request meets, and where it is redirected to. Pure.

Semantics are those of ELBv2's RuleCondition and RedirectActionConfig.
"""

from __future__ import annotations

import ipaddress
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from sandbox.balancer.config import Json, ListenerConfig


@dataclass(frozen=True)
class Seen:
    """What rules look at. `path` is as the client sent it, `headers` gives all values of a name."""

    method: str
    host: str  # without the port
    path: str
    query: str
    source: str
    headers: Callable[[str], Sequence[str]]


Condition = Callable[[Seen], bool]


@dataclass(frozen=True)
class Rule:
    """A rule ready to be tried; all conditions must hold."""

    conditions: tuple[Condition, ...]
    action: Json

    def holds(self, seen: Seen) -> bool:
        """Whether the request meets it."""
        return all(condition(seen) for condition in self.conditions)


def compile_rules(listener: ListenerConfig) -> tuple[Rule, ...]:
    """The listener's rules in order. The routing action is the last one; ELBv2 has no other for plain HTTP."""
    return tuple(
        Rule(
            tuple(_condition(condition) for condition in rule.conditions),
            max(rule.actions, key=lambda action: int(action.get("Order") or 0)),
        )
        for rule in listener.rules
        if rule.actions
    )


def wildcard(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    r"""`*` matches any characters, `?` exactly one; `\*` and `\?` are those characters themselves."""
    parts: list[str] = []
    escaped = False
    for character in pattern:
        if escaped:
            parts.append(re.escape(character))
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            parts.append({"*": ".*", "?": "."}.get(character, re.escape(character)))
    if escaped:
        parts.append(re.escape("\\"))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _any(patterns: Sequence[str], *, ignore_case: bool) -> Callable[[str], bool]:
    compiled = [wildcard(pattern, ignore_case=ignore_case) for pattern in patterns]
    return lambda text: any(pattern.fullmatch(text) for pattern in compiled)


def _values(condition: Json, config: str) -> list[str]:
    return [str(value) for value in (condition.get(config) or {}).get("Values") or condition.get("Values") or []]


def _path(condition: Json) -> Condition:
    matches = _any(_values(condition, "PathPatternConfig"), ignore_case=False)
    return lambda seen: matches(seen.path)


def _host(condition: Json) -> Condition:
    matches = _any(_values(condition, "HostHeaderConfig"), ignore_case=True)
    return lambda seen: matches(seen.host)


def _header(condition: Json) -> Condition:
    name = str(condition["HttpHeaderConfig"]["HttpHeaderName"])
    matches = _any(_values(condition, "HttpHeaderConfig"), ignore_case=True)
    return lambda seen: any(matches(text) for text in seen.headers(name))


def _method(condition: Json) -> Condition:
    methods = frozenset(_values(condition, "HttpRequestMethodConfig"))
    return lambda seen: seen.method in methods


def _source(condition: Json) -> Condition:
    networks = [ipaddress.ip_network(cidr, strict=False) for cidr in _values(condition, "SourceIpConfig")]
    return lambda seen: any(ipaddress.ip_address(seen.source) in network for network in networks)


def _query(condition: Json) -> Condition:
    values: Sequence[Mapping[str, Any]] = (condition.get("QueryStringConfig") or {}).get("Values") or []
    pairs = [
        (
            wildcard(str(pair["Key"]), ignore_case=True) if pair.get("Key") else None,
            wildcard(str(pair["Value"]), ignore_case=True),
        )
        for pair in values
    ]

    def holds(seen: Seen) -> bool:
        for part in seen.query.split("&") if seen.query else []:
            key, _, value = part.partition("=")
            for wanted_key, wanted in pairs:
                key_matches = wanted_key is None or wanted_key.fullmatch(unquote_plus(key))
                if key_matches and wanted.fullmatch(unquote_plus(value)):
                    return True
        return False

    return holds


_CONDITIONS: Mapping[str, Callable[[Json], Condition]] = {
    "path-pattern": _path,
    "host-header": _host,
    "http-header": _header,
    "http-request-method": _method,
    "query-string": _query,
    "source-ip": _source,
}


def _condition(condition: Json) -> Condition:
    compiled = _CONDITIONS.get(condition["Field"])
    if compiled is None:
        return lambda seen: False  # what isn't understood must not let a request through
    return compiled(condition)


def forward_to(action: Json, pick: Callable[[], float] = random.random) -> str | None:
    """The ARN of the target group that a forward action sends a request to, at random by weight."""
    tuples = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    if not tuples:
        return action.get("TargetGroupArn")
    weights = [(entry["TargetGroupArn"], int(entry.get("Weight", 1))) for entry in tuples]
    point = pick() * sum(weight for _, weight in weights)
    for arn, weight in weights:
        point -= weight
        if point < 0:
            return arn
    return None


def groups_of(listener: ListenerConfig) -> set[str]:
    """The ARNs of all target groups that a listener may forward to."""
    found: set[str] = set()
    for rule in listener.rules:
        for action in rule.actions:
            tuples = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
            found.update(entry["TargetGroupArn"] for entry in tuples)
            if action.get("TargetGroupArn"):
                found.add(action["TargetGroupArn"])
    return found


def redirect_location(action: Json, seen: Seen, *, protocol: str, port: int, local_ports: Mapping[int, int]) -> str:
    """The Location of a redirect action; `protocol` and `port` are the listener's.

    `local_ports` has the port at which each of the load balancer's own listeners really listens: a redirect to
    another listener at the same host leads there.
    """
    config = action["RedirectConfig"]
    known = {
        "#{protocol}": protocol.lower(),
        "#{host}": seen.host,
        "#{port}": str(port),
        "#{path}": seen.path.removeprefix("/"),
        "#{query}": seen.query,
    }

    def filled(key: str, default: str) -> str:
        text = str(config.get(key) or default)
        return re.sub(r"#\{\w+\}", lambda match: known.get(match[0], match[0]), text)

    scheme = filled("Protocol", "#{protocol}").lower()
    host, number = filled("Host", "#{host}"), filled("Port", "#{port}")
    if host == seen.host and number.isdigit():
        number = str(local_ports.get(int(number), number))
    path = filled("Path", "/#{path}")
    query = filled("Query", "#{query}")
    return f"{scheme}://{host}:{number}{path}{'?' if query else ''}{query}"
