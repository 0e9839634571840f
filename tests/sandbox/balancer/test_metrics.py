"""What the load balancer publishes, and by which dimensions: as AWS documents it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.balancer.config import GroupConfig, LoadBalancerConfig
from sandbox.balancer.metrics import Metrics
from sandbox.balancer.targets import TargetGroup

BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/x/1"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/2"


class Config:
    """As much of a load balancer's or a target group's configuration as its metrics need."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.dimension = arn.rpartition(":")[2]


def published(metrics: Metrics) -> dict[tuple[str, ...], dict[str, float]]:
    """Each metric's value by the names of its dimensions."""
    group = TargetGroup(cast_config(Config(GROUP)))
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for datum in metrics.take(cast_balancer(Config(BALANCER)), [group]):
        found.setdefault(tuple(sorted(datum["dimensions"])), {})[datum["name"]] = datum.get("value", 0)
    return found


def cast_config(config: Any) -> GroupConfig:
    return config


def cast_balancer(config: Any) -> LoadBalancerConfig:
    return config


def test_an_answer_in_a_targets_stead_is_a_request_of_its_group_without_an_answer():
    """The error itself is reported of the balancer alone: HTTPCode_ELB_* have no dimension TargetGroup."""
    metrics = Metrics()
    metrics.answered(BALANCER, GROUP, 200, 0.1)
    metrics.failed(BALANCER, 502, GROUP)
    found = published(metrics)
    whole, group = found[("LoadBalancer",)], found["LoadBalancer", "TargetGroup"]
    assert (whole["RequestCount"], group["RequestCount"]) == (2, 2)
    assert (whole["HTTPCode_ELB_5XX_Count"], whole["HTTPCode_ELB_502_Count"]) == (1, 1)
    assert group["HTTPCode_Target_2XX_Count"] == 1
    assert not [name for name in group if name.startswith("HTTPCode_ELB")]
    assert "TargetConnectionErrorCount" not in group


@pytest.mark.parametrize("dimensions", [("LoadBalancer",), ("LoadBalancer", "TargetGroup")])
def test_a_connection_that_was_refused_is_counted_for_both(dimensions: tuple[str, ...]):
    """TargetConnectionErrorCount counts what no connection came of; a worker that dies on a request had one."""
    metrics = Metrics()
    metrics.failed(BALANCER, 502, GROUP, connected=False)
    assert published(metrics)[dimensions]["TargetConnectionErrorCount"] == 1


def test_without_a_target_there_is_no_request_to_count():
    """RequestCount is incremented only where a target could be chosen."""
    metrics = Metrics()
    metrics.failed(BALANCER, 503)
    found = published(metrics)
    assert found[("LoadBalancer",)] == {"HTTPCode_ELB_503_Count": 1, "HTTPCode_ELB_5XX_Count": 1}


def test_a_websocket_is_a_request_whose_answer_is_not_counted():
    """There is no HTTPCode_Target_1XX_Count."""
    metrics = Metrics()
    metrics.answered(BALANCER, GROUP, 101, 0)
    found = published(metrics)["LoadBalancer", "TargetGroup"]
    assert found["RequestCount"] == 1
    assert not [name for name in found if name.startswith("HTTPCode")]
