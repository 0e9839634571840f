"""CloudWatch whose alarms follow the data, and whose data grows old."""

from datetime import timedelta
from typing import Any, cast

from moto.cloudwatch.models import Alarm, CloudWatchBackend, MetricDatumBase, cloudwatch_backends
from moto.core.utils import utcnow

from sandbox.aws.cloudwatch import alarms
from sandbox.aws.state import Tick, state

KEPT = timedelta(hours=3)
CROWD = 20000
MANY = ("TargetResponseTime",)
"""Metrics with a value for each request; of those only the newest are kept. The rest are a few in a second."""
EVERY = 2.0


class SandboxCloudWatchBackend(CloudWatchBackend):
    """moto's CloudWatch with alarms that are evaluated every two seconds."""

    crowd = CROWD

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """PutMetricData; where there is a crowd of data, the oldest goes."""
        super().put_metric_data(namespace, [_ordered(datum) for datum in metric_data])
        if len(self.metric_data) > self.crowd:
            self.metric_data = _thinned(self.metric_data)
            self.crowd = len(self.metric_data) + CROWD

    def get_metric_statistics(self, namespace: str, metric_name: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """GetMetricStatistics of exactly these dimensions.

        moto also counts metrics that have more (https://github.com/getmoto/moto/issues/2662); to CloudWatch each
        combination is a metric of its own:
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
        """
        wanted = {(d["Name"], d["Value"]) for d in kwargs.get("dimensions") or []}
        everything = self.metric_data
        try:
            self.metric_data = [d for d in everything if {(x.name, x.value) for x in d.dimensions} == wanted]
            return super().get_metric_statistics(namespace, metric_name, *args, **kwargs)
        finally:
            self.metric_data = everything

    def get_metric_data(self, queries: list[dict[str, Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """GetMetricData, whose dimensions are sorted first.

        moto compares them in order (https://github.com/getmoto/moto/pull/5041), CloudWatch as a set:
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Metric.html
        """
        for query in queries:
            if "MetricStat" in query:
                query["MetricStat"]["Metric"] = _ordered(query["MetricStat"]["Metric"])
        return super().get_metric_data(queries, *args, **kwargs)

    def put_metric_alarm(self, name: str, *args: Any, **kwargs: Any) -> Alarm:  # noqa: ANN401
        """PutMetricAlarm: a new alarm has insufficient data, a changed one keeps its state."""
        before = self.alarms.get(name)
        alarm = super().put_metric_alarm(name, *args, **kwargs)
        alarm.state_value = before.state_value if before else "INSUFFICIENT_DATA"
        if before:
            alarm.state_updated_timestamp = before.state_updated_timestamp
        return alarm

    def set_alarm_state(self, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        """SetAlarmState: for a period, then the data counts again."""
        super().set_alarm_state(alarm_name, reason, reason_data, state_value)
        alarms.hold(self.alarms[alarm_name])

    def advance(self, tick: Tick) -> None:
        """Evaluate all alarms."""
        if not self.alarms:
            return
        now = utcnow()
        changed = [alarms.update(alarm, self.metric_data, now) for alarm in self.alarms.values()]
        if any(changed):
            state.wake()
        tick.at(tick.now + EVERY)


def _thinned(data: list[MetricDatumBase]) -> list[MetricDatumBase]:
    oldest = utcnow() - KEPT
    young = [datum for datum in data if datum.timestamp >= oldest]
    surplus = sum(1 for datum in young if datum.name in MANY) - CROWD // 2
    kept: list[MetricDatumBase] = []
    for datum in young:  # the oldest come first
        if datum.name in MANY and surplus > 0:
            surplus -= 1
        else:
            kept.append(datum)
    return kept


def _ordered(shape: dict[str, Any]) -> dict[str, Any]:
    dimensions = sorted(shape.get("Dimensions") or [], key=lambda dimension: dimension["Name"])
    return {**shape, "Dimensions": dimensions}


def sandbox_cloudwatch(account: str, region: str) -> SandboxCloudWatchBackend:
    """Return one region's backend."""
    return cast(SandboxCloudWatchBackend, cloudwatch_backends[account][region])


def all_cloudwatch() -> list[SandboxCloudWatchBackend]:
    """Return every CloudWatch backend that was used so far."""
    return [
        cast(SandboxCloudWatchBackend, backend)
        for regions in list(cloudwatch_backends.values())
        for backend in list(regions.values())
    ]
