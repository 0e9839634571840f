"""Where the instances of a fleet may call: a port, or `"10.0.0.0/8:5432"`, `"sg-…:5432"`, `"pl-…:8000-8100"`. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from infra.network import cidr
from infra.settings.kinds import Kind, wrong, wrong_type, wrong_value

EVERYWHERE = "0.0.0.0/0"
HTTPS = 443
_ID = r"(?:sg|pl)-(?:[0-9a-f]{8}|[0-9a-f]{17})"
_FORM = 'must be a port, or "TARGET:PORT" such as "10.0.0.0/8:5432", "sg-0123456789abcdef0:5432" or "pl-…:8000-8100"'


@dataclass(frozen=True, kw_only=True)
class Egress:
    """TCP from port `low` to `high`, to a block of IPv4 addresses, a security group or a prefix list."""

    target: str
    low: int
    high: int

    @property
    def ports(self) -> str:
        """The port, or `low-high`."""
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    @property
    def label(self) -> str:
        """Tells the rules of one fleet apart; a port to everywhere is known by its number."""
        return self.ports if self.target == EVERYWHERE else f"{self.target.replace('/', '-')}-{self.ports}"

    def __str__(self) -> str:
        return f"{self.target}:{self.ports}"


def read(item: object) -> Egress:
    """Return the rule that a stack file's item is. Raises Wrong."""
    if isinstance(item, int) and not isinstance(item, bool):
        return Egress(target=EVERYWHERE, low=_port(item), high=item)
    if not isinstance(item, str):
        raise wrong_type(_FORM)
    target, colon, ports = item.rpartition(":")
    match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", ports)
    if match is None or (colon and not target):
        raise wrong_value(_FORM)
    low = _port(int(match[1]))
    high = _port(int(match[2] or low))
    if low > high:
        raise wrong_value("must go from the lower port to the higher", f"; did you mean {high}-{low}?")
    return Egress(target=_target(target) if colon else EVERYWHERE, low=low, high=high)


RULE = Kind(
    "a port, or TARGET:PORT",
    {
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": 65535,
        "pattern": rf"^((([0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}/[0-9]{{1,2}}|{_ID}):)?[0-9]{{1,5}}(-[0-9]{{1,5}})?$",
        "patternErrorMessage": _FORM,
    },
    read,
)


def _port(number: int) -> int:
    if not 1 <= number <= 65535:
        raise wrong(f"must be 1 to 65535, is {number}")
    return number


def _target(text: str) -> str:
    if re.fullmatch(_ID, text):
        return text
    if text.startswith(("sg-", "pl-")):
        raise wrong_value("must name a security group or prefix list by its id (sg- or pl-, 8 or 17 of 0-9a-f)")
    if ":" in text:
        raise wrong_value("must be IPv4 (the stack's network has no IPv6)")
    if "/" not in text and _is_address(text):
        raise wrong_value("must be a block of addresses", f"; did you mean {text}/32?")
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError:
        meant = cidr.without_host_bits(text)
        raise wrong_value(_FORM, f"; did you mean {meant}?" if meant else "") from None


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
