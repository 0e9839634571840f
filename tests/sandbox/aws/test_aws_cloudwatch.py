"""Metrics and alarms."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws.cloudwatch.metric_math import UnsupportedExpression, evaluate
from sandbox.aws.cloudwatch.verdict import judge
from tests.aws.emulator import REGION, Emulator
from tests.waiting import until

DIMENSIONS = {"TargetGroup": "targetgroup/web/1", "LoadBalancer": "app/web/1"}


@dataclass(frozen=True)
class Metric:
    """Posts values of a metric with a name of its own, as the balancer does."""

    aws: Emulator
    name: str = field(default_factory=lambda: f"errors-{uuid.uuid4().hex[:6]}")

    def __call__(self, *values: float, name: str = "") -> None:
        datum = {"name": name or self.name, "dimensions": DIMENSIONS, "values": list(values), "unit": "Count"}
        self.aws.post("metrics", {"region": REGION, "namespace": "AWS/ApplicationELB", "data": [datum]})


@pytest.fixture
def metric(aws: Emulator) -> Metric:
    return Metric(aws)


@pytest.mark.sandbox
def test_posted_metrics_can_be_read(aws: Emulator, metric: Metric):
    """GetMetricData and GetMetricStatistics see what the balancer posted, whatever the dimensions' order."""
    metric(1, 2, 3)
    watch = aws.client("cloudwatch")
    now = datetime.now(timezone.utc)
    dimensions = [{"Name": k, "Value": v} for k, v in DIMENSIONS.items()]
    for order in (dimensions, dimensions[::-1]):
        stat = {
            "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": metric.name, "Dimensions": order},
            "Period": 60,
            "Stat": "Sum",
        }
        data = watch.get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": stat}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
        )["MetricDataResults"][0]
        assert sum(data["Values"]) == 6
    points = watch.get_metric_statistics(
        Namespace="AWS/ApplicationELB",
        MetricName=metric.name,
        Dimensions=dimensions,
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(p["Sum"] for p in points) == 6


@pytest.mark.sandbox
def test_each_combination_of_dimensions_is_a_metric_of_its_own(aws: Emulator, metric: Metric):
    """What was posted for a target group of a balancer is not the balancer's as well."""
    metric(1, 2, 3)
    now = datetime.now(timezone.utc)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApplicationELB",
        MetricName=metric.name,
        Dimensions=[{"Name": "LoadBalancer", "Value": DIMENSIONS["LoadBalancer"]}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert points == []


@pytest.mark.sandbox
def test_a_crowd_of_response_times_crowds_out_nothing_else(aws: Emulator, metric: Metric):
    """Counts are what failed requests are told by; they stay however many response times there are."""
    metric(7)
    for _ in range(50):
        metric(*range(1000), name="TargetResponseTime")
    now = datetime.now(timezone.utc)
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApplicationELB",
        MetricName=metric.name,
        Dimensions=[{"Name": k, "Value": v} for k, v in DIMENSIONS.items()],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [p["Sum"] for p in points] == [7]


def alarm(aws: Emulator, name: str, **settings: object) -> Callable[[], str]:
    """Puts an alarm and returns a function that tells its state."""
    watch = aws.client("cloudwatch")
    watch.put_metric_alarm(AlarmName=name, EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", **settings)
    return lambda: watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]


@pytest.mark.sandbox
def test_alarm_follows_the_data(aws: Emulator, metric: Metric):
    """A new alarm has insufficient data, and is in ALARM once the metric crosses its threshold."""
    state = alarm(
        aws,
        metric.name,
        Namespace="AWS/ApplicationELB",
        MetricName=metric.name,
        Dimensions=[{"Name": k, "Value": v} for k, v in DIMENSIONS.items()],
        Period=60,
        Statistic="Sum",
        Threshold=5,
    )
    assert state() == "INSUFFICIENT_DATA"
    metric(1)
    until(lambda: state() == "OK")
    metric(3, 3)
    until(lambda: state() == "ALARM")


@pytest.mark.sandbox
def test_alarm_on_metric_math(aws: Emulator, metric: Metric):
    """An error rate computed from two metrics fires."""
    requests = f"{metric.name}-all"
    stats = [
        {
            "Id": id_,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/ApplicationELB",
                    "MetricName": name,
                    "Dimensions": [{"Name": k, "Value": v} for k, v in DIMENSIONS.items()],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for id_, name in (("errors", metric.name), ("requests", requests))
    ]
    rate = {"Id": "rate", "Expression": "100 * FILL(errors, 0) / requests", "ReturnData": True}
    state = alarm(aws, metric.name, Metrics=[*stats, rate], Threshold=5, TreatMissingData="notBreaching")
    metric(100, name=requests)
    until(lambda: state() == "OK")
    metric(100, name=requests)  # again: the minute may be another one by now
    metric(30)
    until(lambda: state() == "ALARM")


@pytest.mark.sandbox
def test_set_alarm_state_holds_for_a_period(aws: Emulator, metric: Metric):
    """What SetAlarmState gives is there at once and is not overruled before a period is over."""
    state = alarm(aws, metric.name, Namespace="a", MetricName="b", Period=60, Statistic="Sum", Threshold=1)
    aws.client("cloudwatch").set_alarm_state(AlarmName=metric.name, StateValue="ALARM", StateReason="test")
    assert state() == "ALARM"
    metric(1)
    assert state() == "ALARM"


@pytest.mark.parametrize(
    ("points", "missing", "expected"),
    [
        ([None, None, None], "missing", "INSUFFICIENT_DATA"),
        ([None, None, None], "ignore", "ALARM"),
        ([None, None, None], "breaching", "ALARM"),
        ([None, None, None], "notBreaching", "OK"),
        ([9, 9, None], "missing", "ALARM"),
        ([9, None, None], "missing", "OK"),
        ([9, None, None], "breaching", "ALARM"),
        ([9, 1, 1], "missing", "OK"),
    ],
)
def test_missing_data_counts_as_told(points: list[float | None], missing: str, expected: str):
    """Two of three datapoints make an alarm; what is missing counts as TreatMissingData says."""
    state = judge(
        points,
        comparison="GreaterThanThreshold",
        threshold=5,
        to_alarm=2,
        missing=missing,
        current="ALARM",
    )
    assert state == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("100 * errors / requests", 5.0),
        ("IF(requests > 100, 1, 0)", 0.0),
        ("FILL(none, 7)", 7.0),
        ("none + 1", None),
        ("errors / 0", None),
        ("SUM([errors, requests])", 105.0),
        ("MAX(METRICS())", 100.0),
        ("IF(errors > 1 AND requests > 1, errors ^ 2, 0)", 25.0),
    ],
)
def test_metric_math(expression: str, expected: float | None):
    """Each part of metric math gives what CloudWatch documents."""
    assert evaluate(expression, {"errors": 5.0, "requests": 100.0, "none": None}) == expected


@given(st.text(max_size=30))
def test_metric_math_never_runs_what_it_does_not_know(expression: str):
    """Whatever is written there gives a value or a clear refusal."""
    with contextlib.suppress(UnsupportedExpression):
        assert isinstance(evaluate(expression, {"a": 1.0}), float | None)
