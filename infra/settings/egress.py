"""Where the instances of a fleet may call: a port, or `"10.0.0.0/8:5432"`, `"sg-…:5432"`, `"pl-…:8000-8100"`. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from infra.network import cidr
from infra.settings.section import Section, kind

EVERYWHERE = "0.0.0.0/0"
HTTPS = 443
LIMIT = 60
"""Outbound rules of a security group (VPC's quota)."""
_GROUP = re.compile(r"sg-([0-9a-f]{8}|[0-9a-f]{17})")
_PREFIX_LIST = re.compile(r"pl-([0-9a-f]{8}|[0-9a-f]{17})")
_FORM = 'must be a port, or "TARGET:PORT" such as "10.0.0.0/8:5432", "sg-0123456789abcdef0:5432" or "pl-…:8000-8100"'


@dataclass(frozen=True, kw_only=True)
class Egress:
    """TCP from port `low` to `high`, to a block of IPv4 addresses, a security group or a prefix list."""

    target: str
    low: int
    high: int

    @property
    def label(self) -> str:
        """Tells the rules of one fleet apart; a port to everywhere is known by its number."""
        ports = str(self.low) if self.low == self.high else f"{self.low}-{self.high}"
        return ports if self.target == EVERYWHERE else f"{self.target.replace('/', '-')}-{ports}"

    def __str__(self) -> str:
        ports = str(self.low) if self.low == self.high else f"{self.low}-{self.high}"
        return f"{self.target}:{ports}"


DEFAULT = (Egress(target=EVERYWHERE, low=HTTPS, high=HTTPS),)


def read_egress(section: Section) -> tuple[Egress, ...]:
    """The rules, each once. Port 443 to everywhere is among them: the boot needs it, wherever AWS's addresses are."""
    rules = section.items("egress", DEFAULT, _rule)
    if not section.sound("egress"):
        return rules
    if not any(rule.target == EVERYWHERE and rule.low <= HTTPS <= rule.high for rule in rules):
        given = [rule.low if rule.target == EVERYWHERE and rule.low == rule.high else str(rule) for rule in rules]
        section.problem("egress", f"must have {HTTPS} (to everywhere): instances fetch their release by it; is {given}")
    if len(rules) > LIMIT:
        section.problem("egress", f"must be at most {LIMIT} (a security group takes no more rules), are {len(rules)}")
    return rules


def _rule(item: object) -> Egress:
    """Raises ValueError with what is wrong."""
    if isinstance(item, int) and not isinstance(item, bool):
        return Egress(target=EVERYWHERE, low=_port(item), high=item)
    if not isinstance(item, str):
        raise ValueError(f"{_FORM}, is {kind(item)}")
    target, colon, ports = item.rpartition(":")
    match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", ports)
    if match is None or (colon and not target):
        raise ValueError(f"{_FORM}, is {item!r}")
    low = _port(int(match[1]))
    high = _port(int(match[2] or low))
    if low > high:
        raise ValueError(f"must go from the lower port to the higher, is {item!r}; did you mean {high}-{low}?")
    return Egress(target=_target(target, item) if colon else EVERYWHERE, low=low, high=high)


def _port(number: int) -> int:
    if not 1 <= number <= 65535:
        raise ValueError(f"must be 1 to 65535, is {number}")
    return number


def _target(text: str, item: str) -> str:
    if _GROUP.fullmatch(text) or _PREFIX_LIST.fullmatch(text):
        return text
    if text.startswith(("sg-", "pl-")):
        raise ValueError(
            f"must name a security group or prefix list by its id (sg- or pl-, 8 or 17 of 0-9a-f), is {item!r}"
        )
    if ":" in text:
        raise ValueError(f"must be IPv4 (the stack's network has no IPv6), is {item!r}")
    if "/" not in text and _is_address(text):
        raise ValueError(f"must be a block of addresses, is {item!r}; did you mean {text}/32?")
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError:
        meant = cidr.without_host_bits(text)
        raise ValueError(f"{_FORM}, is {item!r}" + (f"; did you mean {meant}?" if meant else "")) from None


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
