"""Tests of release/preview/cost.py and prices.py."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from release.preview import prices
from release.preview.cost import THRESHOLD, Launched, cost
from release.preview.steps import UNKNOWN, Step
from release.preview.touched import GROUP, LAUNCH_TEMPLATE

WEST = prices.REGIONS["eu-west-1"]
SMALL = Launched(instances=3, type="t3.small", volume=8, detailed=True)
EACH = 0.0912 / 4 * 730 + 8 * 0.088 + 2.10
"""A month of one of them."""


def step(type_: str, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> Step:
    op = "update" if old and new else "create" if new else "delete"
    return Step(op=op, urn="u", type=type_, name="n", old=old or {}, new=new or {})


def group(old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> Step:
    return step(GROUP, *({"name": "g", **bounds} if bounds is not None else None for bounds in (old, new)))


def template(type_: str, volume: int = 8) -> dict[str, Any]:
    return {
        "name": "g",
        "instanceType": type_,
        "monitoring": {"enabled": True},
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": volume}}],
    }


def only(*steps: Step, there: Launched | None = SMALL, region: str = "eu-west-1") -> tuple[str, float | None]:
    (item,) = cost(steps, region, {"g": there} if there else {}).items
    return item.what, item.dollars


def test_another_instance_type():
    """As many as there are now: the difference of the types, times the instances."""
    what, dollars = only(step(LAUNCH_TEMPLATE, template("t3.small"), template("t3.medium")))
    assert what == "3 instances t3.small with 8 GB become t3.medium with 8 GB"
    assert dollars == pytest.approx(3 * 0.0912 / 4 * 730)


def test_another_size():
    """Within the new bounds; a maximum that nobody reaches costs nothing, and a release neither."""
    assert only(group({"minSize": 3, "maxSize": 6}, {"minSize": 5, "maxSize": 6})) == (
        "2 instances t3.small with 8 GB more",
        pytest.approx(2 * EACH),
    )
    assert only(group({"minSize": 1, "maxSize": 6}, {"minSize": 1, "maxSize": 2})) == (
        "1 instance t3.small with 8 GB fewer",
        pytest.approx(-EACH),
    )
    bounds = group({"minSize": 3, "maxSize": 6}, {"minSize": 3, "maxSize": 60})
    release = step(LAUNCH_TEMPLATE, template("t3.small"), template("t3.small"))
    assert cost([bounds, release], "eu-west-1", {"g": SMALL}).items == ()


def test_a_fleet_that_comes_and_one_that_goes():
    """By its least size, and by the size that it has; one that is only forgotten goes on costing."""
    made = [group(None, {"minSize": 2, "maxSize": 9}), step(LAUNCH_TEMPLATE, None, template("t3.small"))]
    assert only(*made, there=None) == ("2 instances t3.small with 8 GB more", pytest.approx(2 * EACH))
    gone = [group({"minSize": 2, "maxSize": 9}, None), step(LAUNCH_TEMPLATE, template("t3.small"))]
    assert only(*gone) == ("3 instances t3.small with 8 GB fewer", pytest.approx(-3 * EACH))
    assert cost([replace(each, kept=True) for each in gone], "eu-west-1", {"g": SMALL}).items == ()


def test_a_whole_stack():
    """What a zone takes: a gateway and its address, a balancer with an address a zone, endpoints, alarms, a check."""
    query = {"id": "m", "metric": {"metricName": "RequestCount"}}
    found = cost(
        [
            step("aws:ec2/natGateway:NatGateway", None, {"subnetId": UNKNOWN}),
            step("aws:ec2/eip:Eip", None, {"domain": "vpc"}),
            step("aws:lb/loadBalancer:LoadBalancer", None, {"internal": False, "subnets": [UNKNOWN, UNKNOWN]}),
            step("aws:ec2/vpcEndpoint:VpcEndpoint", None, {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]}),
            step("aws:ec2/vpcEndpoint:VpcEndpoint", None, {"vpcEndpointType": "Gateway"}),
            step(
                "aws:cloudwatch/metricAlarm:MetricAlarm", None, {"metricQueries": [query, query, {"expression": "m"}]}
            ),
            step("aws:cloudwatch/metricAlarm:MetricAlarm", None, {"metricName": "UnHealthyHostCount"}),
            step("aws:route53/healthCheck:HealthCheck", None, {"type": "HTTPS", "requestInterval": 10}),
            step("aws:kms/key:Key", None, {"description": "k"}),
            step("aws:s3/bucket:Bucket", None, {"bucket": "b"}),
        ],
        "eu-west-1",
        {},
    )
    assert {item.what: item.dollars for item in found.items} == {
        "1 NAT gateway more": pytest.approx(0.048 * 730),
        "3 public IPv4 addresses more": pytest.approx(3 * 3.65),
        "1 load balancer more": pytest.approx(0.0252 * 730),
        "2 interface endpoints (one in each zone) more": pytest.approx(2 * 0.011 * 730),
        "3 metrics of alarms more": pytest.approx(0.30),
        "1 Route 53 health check more": 0.5,
        "2 features of health checks more": 2.0,
        "1 KMS key more": 1.0,
    }
    assert not found.silent


def test_what_is_replaced_costs_the_same():
    """A resource that is made anew, and a zone that is added to a balancer: only the address is more."""
    two, three = ({"internal": False, "subnets": ["a", "b", "c"][:zones]} for zones in (2, 3))
    found = cost([step("aws:lb/loadBalancer:LoadBalancer", two, three)], "us-east-1", {})
    assert [(item.what, item.dollars) for item in found.items] == [("1 public IPv4 address more", pytest.approx(3.65))]
    assert found.silent
    assert found.dollars < THRESHOLD


@pytest.mark.parametrize(
    ("type_", "region"), [("t3.small", "mars-north-1"), ("q9.large", "eu-west-1"), ("t3.gigantic", "eu-west-1")]
)
def test_what_has_no_price_is_said(type_: str, region: str):
    """Of an unknown region, family or size nothing is guessed, and the cost is not silent."""
    found = cost([step(LAUNCH_TEMPLATE, template("t3.small"), template(type_, 9))], region, {"g": SMALL})
    assert found.unknown == (f"3 instances t3.small with 8 GB become {type_} with 9 GB",)
    assert (found.dollars, found.silent) == (0, False)


def test_the_sizes_of_a_family_cost_in_proportion():
    """As AWS's own table has them (us-east-1), to its last digit or the half of it."""
    known = {
        "t3.nano": 0.0052,
        "t3.2xlarge": 0.3328,
        "t4g.small": 0.0168,
        "c5.9xlarge": 1.53,
        "c6i.32xlarge": 5.44,
        "m6g.medium": 0.0385,
        "m6a.48xlarge": 8.2944,
        "m5.24xlarge": 4.608,
        "c7g.medium": 0.0363,
    }
    for type_, price in known.items():
        assert prices.REGIONS["us-east-1"].instance(type_) == pytest.approx(price, abs=0.0001)


def test_the_table_is_dated_and_plausible():
    """A price that is off by a power of ten would show: no region is half or twice as dear as another."""
    assert re.fullmatch(r"20\d\d-\d\d", prices.DATE)
    for one in prices.REGIONS.values():
        for other in prices.REGIONS.values():
            pairs = [(one.balancer, other.balancer), (one.nat, other.nat), (one.endpoint, other.endpoint)]
            pairs += [(one.gp3, other.gp3)]
            pairs += [(price, other.large[family]) for family, price in one.large.items() if family in other.large]
            assert all(0.6 < first / second < 1.7 for first, second in pairs)


def distributed(base: int, smallest: int = 3) -> dict[str, Any]:
    spread = {"onDemandBaseCapacity": base, "onDemandPercentageAboveBaseCapacity": 0}
    return {"minSize": smallest, "maxSize": 9, "mixedInstancesPolicy": {"instancesDistribution": spread}}


def test_the_price_of_spot_instances_is_not_known():
    """What is known is counted: the instances on demand, and all volumes."""
    known, unknown = cost([group({"minSize": 3, "maxSize": 9}, distributed(1))], "eu-west-1", {"g": SMALL}).items
    assert known.what == "3 instances t3.small with 8 GB become t3.small with 8 GB (2 of them spot)"
    assert known.dollars == pytest.approx(-2 * 0.0912 / 4 * 730)
    assert (unknown.what, unknown.dollars) == ("the spot price of 2 t3.small", None)


def test_a_release_of_a_fleet_with_spot_instances_costs_nothing():
    """Nor does a distribution that makes no difference at the fleet's size."""
    assert cost([group(distributed(1), distributed(1))], "eu-west-1", {"g": SMALL}).items == ()
    assert cost([group(distributed(3), distributed(4))], "eu-west-1", {"g": SMALL}).items == ()
