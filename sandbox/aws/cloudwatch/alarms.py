"""Reads an alarm's datapoints from the metrics, and moves the alarm where they say."""

import json
import logging
import math
from datetime import datetime, timedelta

from moto.cloudwatch.models import Alarm, Metric, MetricAggregatedDatum, MetricDatum, MetricDatumBase
from moto.core.utils import utcnow

from sandbox.aws.cloudwatch.metric_math import UnsupportedExpression, Value, evaluate
from sandbox.aws.cloudwatch.verdict import COMPARISONS, judge

log = logging.getLogger(__name__)


def update(alarm: Alarm, data: list[MetricDatumBase], now: datetime) -> bool:
    """Evaluate one metric alarm and return whether its state changed. Composite alarms stay as they are."""
    if alarm.rule or alarm.comparison_operator not in COMPARISONS or _held(alarm, now):
        return False
    try:
        datapoints = [_datapoint(alarm, data, now, age) for age in range(int(alarm.evaluation_periods))]
    except UnsupportedExpression as error:
        log.warning("alarm %s: %s", alarm.name, error)
        return False
    state = judge(
        datapoints,
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        to_alarm=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        missing=alarm.treat_missing_data or "missing",
        current=alarm.state_value,
    )
    if state == alarm.state_value:
        return False
    shown = [value for value in datapoints if value is not None]
    reason = f"Threshold Crossed: datapoints {shown} against {alarm.comparison_operator} {alarm.threshold}"
    alarm.update_state(reason, json.dumps({"recentDatapoints": shown}), state)
    return True


def _held(alarm: Alarm, now: datetime) -> bool:
    """Return whether a state set by SetAlarmState still holds: for one period, then the data counts again."""
    until = getattr(alarm, "held_until", None)
    return until is not None and now < until


def hold(alarm: Alarm) -> None:
    """Keep what SetAlarmState gave for a period."""
    alarm.held_until = utcnow() + timedelta(seconds=_period(alarm))  # type: ignore[attr-defined]


def _period(alarm: Alarm) -> int:
    periods = [int(q.metric_stat.period) for q in alarm.metric_data_queries if q.metric_stat]
    periods += [int(q.period) for q in alarm.metric_data_queries if q.period]
    return int(alarm.period) if alarm.period else min(periods, default=60)


def _datapoint(alarm: Alarm, data: list[MetricDatumBase], now: datetime, age: int) -> Value:
    end = now - timedelta(seconds=age * _period(alarm))
    if not alarm.metric_data_queries:
        stat = alarm.statistic or alarm.extended_statistic or "Average"
        start = end - timedelta(seconds=_period(alarm))
        metric = Metric(alarm.metric_name, alarm.namespace, alarm.dimensions)
        found = _select(data, metric, start, end)
        return statistic(found, stat)
    return _query(alarm, data, end)


def _query(alarm: Alarm, data: list[MetricDatumBase], end: datetime) -> Value:
    values: dict[str, Value] = {}
    for query in alarm.metric_data_queries:
        if query.metric_stat:
            wanted = query.metric_stat
            start = end - timedelta(seconds=int(wanted.period))
            found = _select(data, wanted.metric, start, end)
            values[query.id] = statistic(found, wanted.stat)
    returned: Value = None
    expressions = [query for query in alarm.metric_data_queries if query.expression]
    for query in expressions:
        values[query.id] = evaluate(str(query.expression), values)
    for query in alarm.metric_data_queries:
        if _true(query.return_data) or len(alarm.metric_data_queries) == 1:
            returned = values[query.id]
    return returned


def _true(value: object) -> bool:
    return value is None or str(value).lower() == "true"


def _select(
    data: list[MetricDatumBase],
    metric: Metric,
    start: datetime,
    end: datetime,
) -> list[MetricDatumBase]:
    wanted = {(d.name, d.value) for d in metric.dimensions}
    return [
        datum
        for datum in data
        if datum.name == metric.metric_name
        and datum.namespace == metric.namespace
        and start < datum.timestamp <= end
        and {(d.name, d.value) for d in datum.dimensions} == wanted
    ]


def statistic(data: list[MetricDatumBase], name: str) -> Value:
    """Return the Average, Sum, Minimum, Maximum, SampleCount or pNN of the data; None without data."""
    single = [datum.value for datum in data if isinstance(datum, MetricDatum)]
    sets = [datum for datum in data if isinstance(datum, MetricAggregatedDatum)]
    count = len(single) + sum(s.sample_count for s in sets)
    if not count:
        return None
    total = sum(single) + sum(s.sum for s in sets)
    if name.startswith("p"):
        return percentile(single + [s.max for s in sets], float(name[1:]))
    return {
        "Average": total / count,
        "Sum": total,
        "SampleCount": count,
        "Minimum": min(single + [s.min for s in sets]),
        "Maximum": max(single + [s.max for s in sets]),
    }[name]


def percentile(values: list[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of them don't exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
