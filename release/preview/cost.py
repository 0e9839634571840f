"""What an `up` changes in the bill, by list prices: what is paid by the hour or the month, not by use. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from release.preview import prices
from release.preview.prices import HOURS, Prices
from release.preview.steps import Step
from release.preview.touched import GROUP, LAUNCH_TEMPLATE
from release.rollout.distribution import Distribution

THRESHOLD = 5.0
"""US dollars a month below which a difference is not worth a line."""
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, kw_only=True)
class Item:
    """Part of the difference. `dollars` a month, more if positive; None if there is no price for it in the table."""

    what: str
    """Such as `1 NAT gateway more`."""
    dollars: float | None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The monthly difference, and of what it is made."""

    items: tuple[Item, ...] = ()
    prices_of: str = prices.DATE
    """When the list prices were taken down, as `2026-01`."""

    @property
    def dollars(self) -> float:
        """Return the sum of what is known, in US dollars a month."""
        return sum(item.dollars for item in self.items if item.dollars is not None)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return what has no price in the table."""
        return tuple(item.what for item in self.items if item.dollars is None)

    @property
    def silent(self) -> bool:
        """Return whether there is nothing to say: everything is known, and the difference is below THRESHOLD."""
        return not self.unknown and abs(self.dollars) < THRESHOLD


@dataclass(frozen=True, kw_only=True)
class Launched:
    """What a group that is there launches, and how many of it there are."""

    instances: int
    type: str
    volume: int
    """GB of its volumes."""
    detailed: bool
    """Whether it has detailed monitoring."""
    spot: int = 0
    """How many of the instances are spot."""


def cost(steps: Iterable[Step], region: str, there: Mapping[str, Launched]) -> Cost:
    """Return the difference that the steps make. `there` has the groups that exist, by name.

    Fleets are taken at the size that they have now, within their new bounds.
    """
    found = [step for step in steps if not (step.op == "delete" and step.kept)]
    table = prices.REGIONS.get(region)
    return Cost(items=(*_fleets(found, table, there), *_others(found, table)))


def _others(steps: Sequence[Step], table: Prices | None) -> Iterator[Item]:
    """Yield what else is paid for, one item a kind."""
    more: dict[str, float] = defaultdict(float)
    for step in steps:
        for sign, inputs in ((1, step.new), (-1, step.old)):
            for kind, count in _parts(step.type, inputs).items() if inputs else ():
                more[kind] += sign * count
    monthly = _monthly(table)
    for kind, count in more.items():
        if count:
            price = monthly[kind]
            what = f"{abs(count):g} {_named(kind, abs(count))} {'more' if count > 0 else 'fewer'}"
            yield Item(what=what, dollars=None if price is None else price * count)


def _named(kind: str, count: float) -> str:
    one, many = _NAMES[kind]
    return one if count == 1 else many


_NAMES = {
    "balancer": ("load balancer", "load balancers"),
    "nat": ("NAT gateway", "NAT gateways"),
    "endpoint": ("interface endpoint (in a zone)", "interface endpoints (one in each zone)"),
    "address": ("public IPv4 address", "public IPv4 addresses"),
    "alarm": ("metric of an alarm", "metrics of alarms"),
    "key": ("KMS key", "KMS keys"),
    "check": ("Route 53 health check", "Route 53 health checks"),
    "feature": ("feature of a health check", "features of health checks"),
}


def _monthly(table: Prices | None) -> Mapping[str, float | None]:
    """Return the price of each of these kinds a month; what costs the same everywhere is known without a table."""
    return {
        "balancer": table and table.balancer * HOURS,
        "nat": table and table.nat * HOURS,
        "endpoint": table and table.endpoint * HOURS,
        "address": prices.ADDRESS * HOURS,
        "alarm": prices.ALARM,
        "key": prices.KEY,
        "check": prices.HEALTH_CHECK,
        "feature": prices.FEATURE,
    }


def _parts(type_: str, inputs: Mapping[str, Any]) -> Mapping[str, int]:
    """Return what of these kinds a resource has. A public balancer has an address in each zone."""
    if type_ == "aws:lb/loadBalancer:LoadBalancer":
        return {"balancer": 1, "address": 0 if inputs.get("internal") else _length(inputs.get("subnets"))}
    if type_ == "aws:ec2/vpcEndpoint:VpcEndpoint" and inputs.get("vpcEndpointType") == "Interface":
        return {"endpoint": _length(inputs.get("subnetIds"))}
    if type_ == "aws:cloudwatch/metricAlarm:MetricAlarm":
        return {"alarm": sum("metric" in query for query in _list(inputs.get("metricQueries"))) or 1}
    if type_ == "aws:route53/healthCheck:HealthCheck":
        fast = inputs.get("requestInterval") == 10  # seconds; an interval of 30 costs nothing
        asked = [str(inputs.get("type", "")).startswith("HTTPS"), fast, inputs.get("measureLatency")]
        return {"check": 1, "feature": sum(map(bool, [*asked, inputs.get("searchString")]))}
    single = {
        "aws:ec2/natGateway:NatGateway": "nat",
        "aws:ec2/eip:Eip": "address",
        "aws:kms/key:Key": "key",
    }.get(type_)
    return {single: 1} if single else {}


def _fleets(steps: Sequence[Step], table: Prices | None, there: Mapping[str, Launched]) -> Iterator[Item]:
    """Yield an item for each fleet whose instances become more, fewer or others."""
    named = {kind: _by_name(steps, kind) for kind in (GROUP, LAUNCH_TEMPLATE)}
    for name in sorted({*named[GROUP], *named[LAUNCH_TEMPLATE]}):
        group, template = named[GROUP].get(name), named[LAUNCH_TEMPLATE].get(name)
        before = there.get(name)
        after = _after(before, group, template)
        if group:
            before, after = _with_spot(before, group.old), _with_spot(after, group.new)
        if before != after:
            yield Item(what=_told(before, after), dollars=_difference(table, before, after))
            yield from _spot_prices(before, after)


def _with_spot(launched: Launched | None, inputs: Mapping[str, Any]) -> Launched | None:
    """Return it with how many of its instances are spot, by a group's distribution."""
    given = _inner(_inner(inputs, "mixedInstancesPolicy"), "instancesDistribution")
    if launched is None or not given:
        return launched
    base, percentage = given.get("onDemandBaseCapacity"), given.get("onDemandPercentageAboveBaseCapacity")
    found = Distribution(base=int(base or 0), percentage=100 if percentage is None else int(percentage), spot="")
    return replace(launched, spot=launched.instances - found.on_demand(launched.instances))


def _spot_prices(before: Launched | None, after: Launched | None) -> Iterator[Item]:
    """Yield what is not known of spot instances: their price, which changes all the time."""
    old, new = ((each.type, each.spot) if each and each.spot else None for each in (before, after))
    if old != new:
        told = " and ".join(f"{count} {kind}" for kind, count in filter(None, (old, new)))
        yield Item(what=f"the spot price of {told}", dollars=None)


def _inner(inputs: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = inputs.get(key)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else _NOTHING


def _by_name(steps: Sequence[Step], type_: str) -> Mapping[str, Step]:
    return {str((step.new or step.old).get("name", step.name)): step for step in steps if step.type == type_}


def _after(before: Launched | None, group: Step | None, template: Step | None) -> Launched | None:
    """Return what a group launches afterwards; None if it is gone, or not known."""
    if group and not group.new:
        return None
    data = template.new if template and template.new else _NOTHING
    if before is None and not (group and data):
        return None
    bounds = group.new if group else _NOTHING
    smallest, largest = int(bounds.get("minSize", 0)), int(bounds.get("maxSize", before.instances if before else 0))
    count = max(smallest, min(before.instances, largest)) if before else smallest
    if not data:
        return replace(before, instances=count) if before else None
    return Launched(
        instances=count,
        type=str(data.get("instanceType", "")),
        volume=sum(_volume(each) for each in _list(data.get("blockDeviceMappings"))),
        detailed=bool(cast("Mapping[str, Any]", data.get("monitoring") or {}).get("enabled")),
    )


def _volume(mapping: Mapping[str, Any]) -> int:
    return int(cast("Mapping[str, Any]", mapping.get("ebs") or {}).get("volumeSize") or 0)


def _told(before: Launched | None, after: Launched | None) -> str:
    if before and after and before.instances == after.instances:
        return f"{_shown(before)} become {_shown(after, counted=False)}"
    if before and after and (before.type, before.spot) == (after.type, after.spot):
        more = after.instances - before.instances
        count = replace(after, instances=abs(more), spot=0)
        return f"{_shown(count)} {'more' if more > 0 else 'fewer'}"
    if before and after:
        return f"{_shown(before)} become {_shown(after)}"
    return f"{_shown(after)} more" if after else f"{_shown(before)} fewer" if before else ""


def _shown(launched: Launched, *, counted: bool = True) -> str:
    what = f"{launched.type} with {launched.volume} GB{f' ({launched.spot} of them spot)' if launched.spot else ''}"
    if not counted:
        return what
    return f"{launched.instances} instance{'' if launched.instances == 1 else 's'} {what}"


def _difference(table: Prices | None, before: Launched | None, after: Launched | None) -> float | None:
    each = [_price(table, launched) for launched in (before, after)]
    return None if each[0] is None or each[1] is None else each[1] - each[0]


def _price(table: Prices | None, launched: Launched | None) -> float | None:
    """Return what all instances of a group cost a month, without the hours of spot ones."""
    if launched is None or launched.instances == 0:
        return 0.0
    hourly = table.instance(launched.type) if table else None
    if hourly is None or table is None:
        return None
    detailed = prices.DETAILED if launched.detailed else 0.0
    on_demand = (launched.instances - launched.spot) * hourly * HOURS
    return on_demand + launched.instances * (launched.volume * table.gp3 + detailed)


def _length(value: Any) -> int:  # noqa: ANN401 - JSON
    return len(_list(value)) or 1


def _list(value: Any) -> Sequence[Any]:  # noqa: ANN401 - JSON
    return cast("Sequence[Any]", value) if isinstance(value, list) else ()
