"""The alarms of a fleet. They wake people, and a rollout during which one fires is rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.settings import AlarmSettings

NAMESPACE = "AWS/ApplicationELB"
PERIOD = 60
"""Seconds; the balancer publishes its metrics once a minute."""
ENOUGH_REQUESTS = 20
"""Requests in a period below which an error rate says nothing: one error in two requests is no outage."""
ENOUGH_FOR_P99 = 100
"""Requests in a period below which the 99th percentile is just the slowest one."""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    stack: str
    fleet: str
    settings: AlarmSettings
    balancer: pulumi.Input[str]
    """The balancer's ARN suffix, as the metrics name it."""
    target_group: pulumi.Input[str]
    """The target group's ARN suffix."""


class Alarms(pulumi.ComponentResource):
    """Of what the load balancer sees of a fleet. A missing value means no traffic, hence nothing wrong.

    Source: ELB user guide, "CloudWatch metrics for your Application Load Balancer".
    """

    names: Sequence[str]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:alarms:Alarms", name, None, opts)
        self._name = name
        self._args = args
        self._dimensions = {"LoadBalancer": args.balancer, "TargetGroup": args.target_group}
        self.names = names(args.stack, args.fleet, args.settings)
        self._declare_error_rate()
        if args.settings.unhealthy_hosts:
            self._declare_unhealthy()
        if args.settings.latency is not None:
            self._declare_latency(args.settings.latency)
        self.register_outputs({"names": self.names})

    def _declare_error_rate(self) -> None:
        rate = f"IF(requests >= {ENOUGH_REQUESTS}, 100 * errors / requests, 0)"
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-errors",
            name=naming.alarm_name(self._args.stack, self._args.fleet, "errors"),
            alarm_description=f"More than {self._args.settings.error_rate:g} % of the requests to fleet "
            f"{self._args.fleet} were answered with a 5xx",
            metric_queries=[
                {"id": "rate", "expression": rate, "label": "5xx (%)", "return_data": True},
                self._metric("errors", "HTTPCode_Target_5XX_Count"),
                self._metric("requests", "RequestCount"),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=self._args.settings.error_rate,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=self._args.settings.notify,
            ok_actions=self._args.settings.notify,
            tags=self._tags(),
            opts=self._child(),
        )

    def _declare_unhealthy(self) -> None:
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-unhealthy",
            name=naming.alarm_name(self._args.stack, self._args.fleet, "unhealthy"),
            alarm_description=f"An instance of fleet {self._args.fleet} fails its health check",
            namespace=NAMESPACE,
            metric_name="UnHealthyHostCount",
            dimensions=self._dimensions,
            statistic="Maximum",
            period=PERIOD,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            # The group replaces a bad instance by itself: it launches first, and that takes a few minutes.
            evaluation_periods=5,
            treat_missing_data="notBreaching",
            alarm_actions=self._args.settings.notify,
            ok_actions=self._args.settings.notify,
            tags=self._tags(),
            opts=self._child(),
        )

    def _declare_latency(self, seconds: float) -> None:
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-latency",
            name=naming.alarm_name(self._args.stack, self._args.fleet, "latency"),
            alarm_description=f"One in a hundred requests to fleet {self._args.fleet} takes over {seconds:g} s",
            # CloudWatch's own way with few samples would ignore p99 below 1,000 requests a minute.
            metric_queries=[
                {
                    "id": "slow",
                    "expression": f"IF(requests >= {ENOUGH_FOR_P99}, p99, 0)",
                    "label": "p99 (s)",
                    "return_data": True,
                },
                self._metric("p99", "TargetResponseTime", "p99"),
                self._metric("requests", "RequestCount"),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=seconds,
            evaluation_periods=2,
            treat_missing_data="notBreaching",
            alarm_actions=self._args.settings.notify,
            ok_actions=self._args.settings.notify,
            tags=self._tags(),
            opts=self._child(),
        )

    def _metric(self, key: str, metric: str, stat: str = "Sum") -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
        return {
            "id": key,
            "metric": {
                "namespace": NAMESPACE,
                "metric_name": metric,
                "dimensions": self._dimensions,
                "stat": stat,
                "period": PERIOD,
            },
            "return_data": False,
        }

    def _tags(self) -> dict[str, str]:
        return naming.tags(self._args.stack, fleet=self._args.fleet)

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)


def names(stack: str, fleet: str, settings: AlarmSettings) -> tuple[str, ...]:
    """The names of the alarms that a fleet has, which a rollout lists."""
    kinds = ["errors"]
    if settings.unhealthy_hosts:
        kinds.append("unhealthy")
    if settings.latency is not None:
        kinds.append("latency")
    return tuple(naming.alarm_name(stack, fleet, kind) for kind in kinds)
