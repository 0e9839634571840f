"""What of a new resource a reviewer asks for first: whom a rule lets in, which paths a route takes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from release.preview.steps import UNKNOWN, Step

_Inputs = Mapping[str, Any]


def of(step: Step) -> str:
    """Return it in a few words, or "" for a type whose name says enough."""
    tell = _TOLD.get(step.type.removeprefix("aws:"))
    inputs = step.new or step.old
    said = tell(inputs) if tell else ""
    return said.replace(UNKNOWN, "another part of this stack")


def _rule(preposition: str) -> Callable[[_Inputs], str]:
    def tell(inputs: _Inputs) -> str:
        ends = [inputs.get("fromPort"), inputs.get("toPort")]
        ports = "-".join(dict.fromkeys(str(int(port)) for port in ends if isinstance(port, (int, float))))
        named = str(inputs.get("ipProtocol", ""))
        protocol = "everything" if named == "-1" else f"{named} {ports}".strip()
        keys = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
        other = next((str(inputs[key]) for key in keys if inputs.get(key)), "")
        return f"{protocol} {preposition} {other}" if other else protocol

    return tell


def _conditions(inputs: _Inputs) -> str:
    conditions: Sequence[_Inputs] = inputs.get("conditions") or ()
    found = [value for each in conditions for key in ("hostHeader", "pathPattern") for value in _values(each.get(key))]
    return ", ".join(found)


def _values(condition: Any) -> list[str]:  # noqa: ANN401 - JSON
    return [str(value) for value in condition.get("values") or ()] if isinstance(condition, Mapping) else []


def _one(*keys: str) -> Callable[[_Inputs], str]:
    return lambda inputs: next((str(inputs[key]) for key in keys if inputs.get(key)), "")


_TOLD: Mapping[str, Callable[[_Inputs], str]] = {
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule("from"),
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule("to"),
    "lb/listenerRule:ListenerRule": _conditions,
    "ec2/subnet:Subnet": _one("cidrBlock"),
    "ec2/route:Route": _one("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
    "route53/record:Record": _one("name"),
    "s3/bucket:Bucket": _one("bucket"),
}
