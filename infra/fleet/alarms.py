"""The alarms of a fleet: they wake people, and a rollout during which one fires is rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.fleet.alarm_times import EVALUATIONS, PERIOD, kinds, period
from infra.settings import FleetSettings
from release import names

NAMESPACE = "AWS/ApplicationELB"
ENOUGH_REQUESTS = 20
"""Requests in a period below which an error rate says nothing: one error in two requests is no outage."""
ANSWERS = {"ok": 2, "elsewhere": 3, "refused": 4, "errors": 5}
UNANSWERED = f"requests - {' - '.join(f'FILL({answer}, 0)' for answer in ANSWERS)}"
"""Requests that the balancer passed to a target of the fleet, and that no target answered."""
RATE = (
    f"IF(requests >= {ENOUGH_REQUESTS}, 100 * (FILL(errors, 0) + "
    "IF(unanswered > 0, IF(FILL(own, 0) < unanswered, FILL(own, 0), unanswered), 0)) / requests, 0)"
)
"""What the balancer answers in a target's stead (502, 504) it counts for itself, for all of its fleets together: of
those, as many are this fleet's as it left unanswered, at most. A WebSocket has none of these answers, hence the bound
by the balancer's own errors. `requests` is not filled, so that a minute that is not there yet is missing, and not 0."""
RESTARTED = '{ $.event = "restarted" }'
"""What an instance writes into its fleet's log group when it starts its process again (release/boot/worker.sh)."""
OWN_NAMESPACE = "Slipway"
"""Where the metrics are that a fleet's log group is counted into."""
COMPARISONS = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
}
ENOUGH_FOR_P99 = 100
"""Requests in a period below which the 99th percentile is just the slowest one."""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    stack: str
    fleet: FleetSettings
    log_group: pulumi.Input[str]
    """The log group of the fleet's boots and restarts."""
    balancer: pulumi.Input[str] = ""
    """The balancer's ARN suffix, as the metrics name it; "" for workers, of which it sees nothing."""
    target_group: pulumi.Input[str] = ""
    """The target group's ARN suffix, likewise."""


class Alarms(pulumi.ComponentResource):
    """Alarms on what the load balancer sees of a fleet, on restarts of workers, and on a metric of the user's.

    A missing value means that nothing happened, hence that nothing is wrong.
    Sources: ELB user guide, "CloudWatch metrics for your Application Load Balancer"; CloudWatch Logs user guide,
    "Creating metrics from log events using filters".
    """

    names: Sequence[str]
    """The alarms' names: a rollout watches every one that is declared."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alarms:Alarms", name, None, opts)
        self._name = name
        self._args = args
        self._dimensions = {"LoadBalancer": args.balancer, "TargetGroup": args.target_group}
        declare = {
            "errors": self._error_rate,
            "unhealthy": self._unhealthy,
            "latency": self._latency,
            "restarts": self._restarts,
            "metric": self._metric_of_the_users,
        }
        self.names = [self._declare(kind, **declare[kind]()) for kind in kinds(args.fleet)]
        self.register_outputs({"names": self.names})

    def _declare(self, kind: str, *, comparison_operator: str = COMPARISONS[">"], **watched: Any) -> str:  # noqa: ANN401
        """Declare an alarm, `watched` being arguments of MetricAlarm, and return its name."""
        name = names.alarm_name(self._args.stack, self._args.fleet.name, kind)
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{kind}",
            name=name,
            **watched,
            comparison_operator=comparison_operator,
            evaluation_periods=EVALUATIONS[kind],
            treat_missing_data="notBreaching",
            alarm_actions=self._args.fleet.alarms.notify,
            ok_actions=self._args.fleet.alarms.notify,
            tags=names.tags(self._args.stack, fleet=self._args.fleet.name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return name

    def _error_rate(self) -> dict[str, Any]:
        threshold = self._args.fleet.alarms.error_rate
        return {
            "alarm_description": f"More than {threshold:g} % of the requests to fleet {self._args.fleet.name} were "
            "answered with a 5xx, by it or, in its stead, by the load balancer",
            "threshold": threshold,
            "metric_queries": [
                {"id": "unanswered", "expression": UNANSWERED, "label": "not answered", "return_data": False},
                {"id": "rate", "expression": RATE, "label": "5xx (%)", "return_data": True},
                self._metric("requests", "RequestCount"),
                *(self._metric(key, f"HTTPCode_Target_{hundreds}XX_Count") for key, hundreds in ANSWERS.items()),
                self._metric("own", "HTTPCode_ELB_5XX_Count", whole=True),
            ],
        }

    def _unhealthy(self) -> dict[str, Any]:
        return {
            "alarm_description": f"An instance of fleet {self._args.fleet.name} fails its health check",
            "threshold": 0,
            "namespace": NAMESPACE,
            "metric_name": "UnHealthyHostCount",
            "dimensions": self._dimensions,
            "statistic": "Maximum",
            "period": PERIOD,
        }

    def _latency(self) -> dict[str, Any]:
        seconds = self._args.fleet.alarms.latency
        return {
            "alarm_description": f"One in a hundred requests to fleet {self._args.fleet.name} takes over {seconds:g} s",
            "threshold": seconds,
            # CloudWatch's own way with few samples would ignore p99 below 1,000 requests a minute.
            "metric_queries": [
                {
                    "id": "slow",
                    "expression": f"IF(requests >= {ENOUGH_FOR_P99}, p99, 0)",
                    "label": "p99 (s)",
                    "return_data": True,
                },
                self._metric("p99", "TargetResponseTime", "p99"),
                self._metric("requests", "RequestCount"),
            ],
        }

    def _restarts(self) -> dict[str, Any]:
        """Count the lines that instances write when they start their process again."""
        args = self._args
        metric = names.alarm_name(args.stack, args.fleet.name, "restarts")
        aws.cloudwatch.LogMetricFilter(
            f"{self._name}-restarts-filter",
            name="restarts",
            log_group_name=args.log_group,
            pattern=RESTARTED,
            metric_transformation={"namespace": OWN_NAMESPACE, "name": metric, "value": "1", "unit": "Count"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return {
            "alarm_description": f"The processes of fleet {args.fleet.name} ended, and were started again, more than "
            f"{args.fleet.restarts} times in {period('restarts') // 60} minutes",
            "threshold": args.fleet.restarts,
            "namespace": OWN_NAMESPACE,
            "metric_name": metric,
            "statistic": "Sum",
            "period": period("restarts"),
        }

    def _metric_of_the_users(self) -> dict[str, Any]:
        metric = self._args.fleet.alarms.metric
        assert metric is not None  # noqa: S101 - kinds() says so
        return {
            "alarm_description": f"{metric.name} ({metric.namespace}), a metric that fleet {self._args.fleet.name} is "
            f"judged by: {metric.statistic} {metric.comparison} {metric.threshold:g}",
            "comparison_operator": COMPARISONS[metric.comparison],
            "threshold": metric.threshold,
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": dict(sorted(metric.dimensions.items())),
            "statistic": metric.statistic,
            "period": period("metric"),
        }

    def _metric(
        self, key: str, metric: str, stat: str = "Sum", *, whole: bool = False
    ) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
        """Return a metric of the fleet's target group, or of the `whole` balancer if there is no such one."""
        dimensions = {"LoadBalancer": self._args.balancer}
        return {
            "id": key,
            "metric": {
                "namespace": NAMESPACE,
                "metric_name": metric,
                "dimensions": dimensions if whole else self._dimensions,
                "stat": stat,
                "period": PERIOD,
            },
            "return_data": False,
        }
