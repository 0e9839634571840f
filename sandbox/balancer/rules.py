"""Listener rules: which one matches a request, and where a redirect leads. Pure.

They do what infra/balancer declares and release/maintenance adds, and no more: conditions on path, host, a header and
the client's address, forwards to one target group, redirects to another protocol and port, fixed responses.
Source: RuleCondition and Action in the API reference of ELBv2.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.balancer.config import Json, ListenerConfig


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What rules see of a request: the host without the port, in lower case; path and query as they were sent.

    `client` is the address that connects, `headers` have the values of each header by its name in lower case.
    """

    host: str
    path: str
    query: str = ""
    client: str = ""
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


Condition = Callable[[Seen], bool]


@dataclass(frozen=True)
class CompiledRule:
    """A rule ready to be tried."""

    conditions: tuple[Condition, ...]
    action: Json

    def matches(self, seen: Seen) -> bool:
        """Return whether all conditions hold."""
        return all(condition(seen) for condition in self.conditions)


def compile_rules(listener: ListenerConfig) -> tuple[CompiledRule, ...]:
    """Return the listener's rules in the order in which they are tried."""
    return tuple(CompiledRule(tuple(map(_condition, rule.conditions)), rule.action) for rule in listener.rules)


def wildcard(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    r"""Compile a pattern: `*` matches any characters, `?` exactly one; `\*` and `\?` match themselves."""
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


def _condition(condition: Json) -> Condition:
    if condition["Field"] == "path-pattern":
        matches_path = _any(_values(condition, "PathPatternConfig"), ignore_case=False)
        return lambda seen: matches_path(seen.path)
    if condition["Field"] == "host-header":
        matches_host = _any(_values(condition, "HostHeaderConfig"), ignore_case=True)
        return lambda seen: matches_host(seen.host)
    if condition["Field"] == "http-header":
        name = str(condition["HttpHeaderConfig"]["HttpHeaderName"]).lower()
        matches_value = _any(_values(condition, "HttpHeaderConfig"), ignore_case=True)
        return lambda seen: any(matches_value(value) for value in seen.headers.get(name, ()))
    if condition["Field"] == "source-ip":
        blocks = [ipaddress.ip_network(value) for value in _values(condition, "SourceIpConfig")]
        return lambda seen: bool(seen.client) and any(ipaddress.ip_address(seen.client) in block for block in blocks)
    return lambda _: False  # a condition of another kind must not let a request through


def _values(condition: Json, config: str) -> list[str]:
    return [str(value) for value in (condition.get(config) or {}).get("Values") or condition.get("Values") or []]


def _any(patterns: Sequence[str], *, ignore_case: bool) -> Callable[[str], bool]:
    compiled = [wildcard(pattern, ignore_case=ignore_case) for pattern in patterns]
    return lambda text: any(pattern.fullmatch(text) for pattern in compiled)


def groups_of(listener: ListenerConfig) -> set[str]:
    """Return the ARNs of the target groups that a listener forwards to."""
    return {rule.action["TargetGroupArn"] for rule in listener.rules if rule.action.get("TargetGroupArn")}


def redirect_location(action: Json, seen: Seen, *, local_ports: Mapping[int, int]) -> str:
    """Return the Location of a redirect action: the same host, path and query by its protocol and port.

    `local_ports` has the local port of each of the load balancer's own listeners, to which the redirect must lead.
    """
    config = action["RedirectConfig"]
    port = local_ports.get(int(config["Port"]), config["Port"])
    query = f"?{seen.query}" if seen.query else ""
    return f"{config['Protocol'].lower()}://{seen.host}:{port}{seen.path}{query}"
