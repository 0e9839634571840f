"""CloudWatch whose alarms follow the data, and whose data grows old."""

from datetime import timedelta
from typing import Any, cast

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.core.utils import utcnow

from sandbox.aws.cloudwatch import alarms
from sandbox.aws.state import Tick, state

KEPT = timedelta(hours=3)
CROWD = 20000
EVERY = 2.0


class SandboxCloudWatchBackend(CloudWatchBackend):
    """moto's CloudWatch with alarms that are evaluated every two seconds."""

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """PutMetricData; where there is a crowd of data, the oldest goes."""
        super().put_metric_data(namespace, [_ordered(datum) for datum in metric_data])
        if len(self.metric_data) > CROWD:
            oldest = utcnow() - KEPT
            self.metric_data = [d for d in self.metric_data if d.timestamp >= oldest][-CROWD // 2 :]

    def get_metric_data(self, queries: list[dict[str, Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """GetMetricData; moto compares dimensions in order, so that has to be the same on both sides."""
        for query in queries:
            if "MetricStat" in query:
                query["MetricStat"]["Metric"] = _ordered(query["MetricStat"]["Metric"])
        return super().get_metric_data(queries, *args, **kwargs)

    def put_metric_alarm(self, name: str, *args: Any, **kwargs: Any) -> Alarm:  # noqa: ANN401
        """PutMetricAlarm: a new alarm has insufficient data, a changed one keeps its state."""
        before = self.alarms.get(name)
        alarm = super().put_metric_alarm(name, *args, **kwargs)
        alarm.state_value = before.state_value if before else "INSUFFICIENT_DATA"
        return alarm

    def set_alarm_state(self, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        """SetAlarmState: for a period, then the data counts again."""
        super().set_alarm_state(alarm_name, reason, reason_data, state_value)
        alarms.hold(self.alarms[alarm_name])

    def advance(self, tick: Tick) -> None:
        """Evaluates all alarms."""
        if not self.alarms:
            return
        now = utcnow()
        changed = [alarms.update(alarm, self.metric_data, now) for alarm in self.alarms.values()]
        if any(changed):
            state.wake()
        tick.at(tick.now + EVERY)


def _ordered(shape: dict[str, Any]) -> dict[str, Any]:
    dimensions = sorted(shape.get("Dimensions") or [], key=lambda dimension: dimension["Name"])
    return {**shape, "Dimensions": dimensions}


def sandbox_cloudwatch(account: str, region: str) -> SandboxCloudWatchBackend:
    """One region's metrics and alarms."""
    return cast(SandboxCloudWatchBackend, cloudwatch_backends[account][region])


def all_cloudwatch() -> list[SandboxCloudWatchBackend]:
    """Every CloudWatch backend that was used so far."""
    return [
        cast(SandboxCloudWatchBackend, backend)
        for regions in list(cloudwatch_backends.values())
        for backend in list(regions.values())
    ]
