"""Counts the requests that failed during a rollout (CloudWatch, AWS/ApplicationELB).

CloudWatch is about a minute behind, so the last moments of a rollout may not be included.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from release.clients import client

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_LONGEST = 60 * _DAY
# Errors that the app answered, and those that the load balancer answered because no app did.
_FAILED = ("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count")


@dataclass(frozen=True, kw_only=True)
class Requests:
    """The number of requests, and how many of them failed."""

    total: int
    failed: int

    def __str__(self) -> str:
        return f"{self.failed} of {self.total} requests failed"


class Traffic:
    """The requests to the fleets of one region."""

    def __init__(self, region: str | None = None) -> None:
        self._cloudwatch = client("cloudwatch", region)
        self._elbv2 = client("elbv2", region)

    def since(self, target_group_arns: Sequence[str], since: float) -> Requests:
        """Return the requests to these target groups since a time (seconds since the epoch), to the minute.

        After a day it is to the hour, and after 60 days it is only those 60: GetMetricStatistics returns at most
        1,440 points.
        """
        dimensions = self._dimensions(target_group_arns)
        total = sum(self._sum("RequestCount", of, since) for of in dimensions)
        failed = sum(self._sum(name, of, since) for of in dimensions for name in _FAILED)
        return Requests(total=total, failed=failed)

    def _dimensions(self, arns: Sequence[str]) -> list[list[dict[str, str]]]:
        if not arns:
            return []
        groups = self._elbv2.describe_target_groups(TargetGroupArns=list(arns))["TargetGroups"]
        return [
            [
                {"Name": "TargetGroup", "Value": group["TargetGroupArn"].rpartition(":")[2]},
                {"Name": "LoadBalancer", "Value": balancer.partition(":loadbalancer/")[2]},
            ]
            for group in groups
            for balancer in group["LoadBalancerArns"]
        ]

    def _sum(self, metric: str, dimensions: list[dict[str, str]], since: float) -> int:
        # The load balancer's own errors have no target group.
        of = dimensions[1:] if metric == "HTTPCode_ELB_5XX_Count" else dimensions
        now = time.time()
        since = max(since, now - _LONGEST + _HOUR)
        period = _MINUTE if now - since < _DAY - _MINUTE else _HOUR
        query: dict[str, Any] = {
            "Namespace": "AWS/ApplicationELB",
            "MetricName": metric,
            "Dimensions": of,
            "StartTime": datetime.fromtimestamp(since // period * period, timezone.utc),
            "EndTime": datetime.fromtimestamp(math.ceil(now / period) * period, timezone.utc),
            "Period": period,
            "Statistics": ["Sum"],
        }
        return round(sum(point["Sum"] for point in self._cloudwatch.get_metric_statistics(**query)["Datapoints"]))
