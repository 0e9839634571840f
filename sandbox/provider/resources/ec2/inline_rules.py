"""The rules that a security group has as properties, which the API wants one source at a time."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sandbox.provider.call import Call
from sandbox.provider.schema import Props

_SOURCES = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}
DIRECTIONS = ("ingress", "egress")


class _Rule(NamedTuple):
    """One rule for one source; `list` is the SDK's name for the kind of source."""

    protocol: str
    from_port: int
    to_port: int
    list: str
    source: str
    description: str

    def permission(self) -> dict[str, Any]:
        """Return the rule as the API's IpPermission."""
        ranges, key = _SOURCES[self.list]
        source = {key: self.source, **({"Description": self.description} if self.description else {})}
        ports = {} if self.protocol == "-1" else {"FromPort": self.from_port, "ToPort": self.to_port}
        return {"IpProtocol": self.protocol, **ports, ranges: [source]}


def set_rules(call: Call, group: str, direction: str, wanted: list[Props]) -> None:
    """Make the rules of one direction exactly those wanted."""
    ec2 = call.client("ec2")
    description = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    have, want = _flatten(description[_key(direction)]), _expand(group, wanted)
    if have - want:
        revoke = getattr(ec2, f"revoke_security_group_{direction}")
        revoke(GroupId=group, IpPermissions=[r.permission() for r in sorted(have - want)])
    if want - have:
        authorize = getattr(ec2, f"authorize_security_group_{direction}")
        authorize(GroupId=group, IpPermissions=[r.permission() for r in sorted(want - have)])


def read_rules(description: Mapping[str, Any], direction: str, prior: list[Props]) -> list[Props]:
    """Return the rules that a described group has, in the program's own grouping where they are the same ones."""
    group = description["GroupId"]
    have = _flatten(description[_key(direction)])
    if have == _expand(group, prior):
        return prior
    rules: dict[tuple[str, int, int, str], Props] = {}
    for rule in sorted(have):
        key = (rule.protocol, rule.from_port, rule.to_port, rule.description)
        merged = rules.setdefault(
            key, {"protocol": key[0], "fromPort": key[1], "toPort": key[2], "description": key[3]}
        )
        if rule.source == group:
            merged["self"] = True
        else:
            merged.setdefault(rule.list, []).append(rule.source)
    return list(rules.values())


def _key(direction: str) -> str:
    return "IpPermissions" if direction == "ingress" else "IpPermissionsEgress"


def _flatten(permissions: Iterable[Mapping[str, Any]]) -> set[_Rule]:
    found: set[_Rule] = set()
    for permission in permissions:
        protocol = permission["IpProtocol"]
        ports = (0, 0) if protocol == "-1" else (permission.get("FromPort", 0), permission.get("ToPort", 0))
        for name, (ranges, key) in _SOURCES.items():
            for source in permission.get(ranges, []):
                found.add(_Rule(protocol, *ports, name, source[key], source.get("Description", "")))
    return found


def _expand(group: str, rules: Iterable[Props]) -> set[_Rule]:
    expanded: set[_Rule] = set()
    for rule in rules:
        protocol = "-1" if rule["protocol"] == "all" else rule["protocol"]
        ports = (0, 0) if protocol == "-1" else (rule["fromPort"], rule["toPort"])
        sources = [(name, source) for name in _SOURCES for source in rule.get(name) or []]
        if rule.get("self"):
            sources.append(("securityGroups", group))
        expanded |= {_Rule(protocol, *ports, n, s, rule.get("description") or "") for n, s in sources}
    return expanded
