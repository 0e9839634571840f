"""Counts the requests to all fleets of a stack in its last minutes: one GetMetricData for up to 166 fleets.

CloudWatch is about a minute behind, so the last minute is not whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from release.clients import SHORTLY, client
from release.watch.seen import Requests

MINUTES = 5
_COUNTED = {"total": "RequestCount", "failed": "HTTPCode_Target_5XX_Count", "refused": "HTTPCode_ELB_5XX_Count"}
_QUERIES = 500
"""The most metrics that one GetMetricData takes (CloudWatch API reference)."""


class Metrics:
    """The requests in one region."""

    def __init__(self, region: str | None = None) -> None:
        self._cloudwatch = client("cloudwatch", region, SHORTLY)
        self._elbv2 = client("elbv2", region, SHORTLY)
        self._balancers: dict[tuple[str, ...], str] = {}
        """By the target groups of a fleet, the load balancer that leads to them, as its metrics name it."""

    def of_fleets(self, arns: Mapping[str, Sequence[str]], since: datetime) -> Mapping[str, Requests]:
        """Return the requests of each fleet since a time, by the ARNs of its target groups; those without are left out.

        What the balancer answered itself, because no app did, has no target group: it counts for every fleet.
        """
        queries = [
            query
            for number, (_, groups) in enumerate(sorted(arns.items()))
            if groups
            for query in self._queries(number, groups)
        ]
        sums = self._sums(queries, since)
        return {
            name: Requests(
                total=sums.get(f"total{number}", 0),
                failed=sums.get(f"failed{number}", 0) + sums.get(f"refused{number}", 0),
                minutes=MINUTES,
            )
            for number, (name, groups) in enumerate(sorted(arns.items()))
            if groups
        }

    def _queries(self, number: int, groups: Sequence[str]) -> list[dict[str, Any]]:
        balancer = {"Name": "LoadBalancer", "Value": self._balancer(tuple(groups))}
        target = {"Name": "TargetGroup", "Value": groups[0].rpartition(":")[2]}
        return [
            {
                "Id": f"{what}{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/ApplicationELB",
                        "MetricName": metric,
                        "Dimensions": [balancer] if what == "refused" else [target, balancer],
                    },
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
            for what, metric in _COUNTED.items()
        ]

    def _balancer(self, groups: tuple[str, ...]) -> str:
        if groups not in self._balancers:
            shown = self._elbv2.describe_target_groups(TargetGroupArns=list(groups[:1]))["TargetGroups"]
            found = [arn for group in shown for arn in group["LoadBalancerArns"]]
            self._balancers[groups] = found[0].partition(":loadbalancer/")[2] if found else "none"
        return self._balancers[groups]

    def _sums(self, queries: Sequence[dict[str, Any]], since: datetime) -> Mapping[str, int]:
        found: dict[str, int] = {}
        start = since.replace(second=0, microsecond=0)
        for first in range(0, len(queries), _QUERIES):
            answer = self._cloudwatch.get_metric_data(
                MetricDataQueries=list(queries[first : first + _QUERIES]),  # pyright: ignore[reportArgumentType]
                StartTime=start,
                EndTime=datetime.now(timezone.utc),
            )
            for result in answer["MetricDataResults"]:
                found[result["Id"]] = round(sum(result["Values"]))
        return found
