"""Metric filters that act, which moto only keeps: log events that match become values of a metric.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
"""

import time
from typing import Any

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend

from sandbox.aws.cloudwatch.models import sandbox_cloudwatch
from sandbox.aws.logs.patterns import UnknownPattern, matcher
from sandbox.aws.state import state

_MOST = 100
"""Filters of a log group, by AWS's quota."""


class CountingLogsBackend(LogsBackend):
    """moto's logs, whose metric filters count, and are kept by log group: to moto a name is the region's."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._counted: dict[tuple[str, str], dict[str, Any]] = {}

    def put_metric_filter(
        self,
        filter_name: str,
        filter_pattern: str,
        log_group_name: str,
        metric_transformations: Any,  # noqa: ANN401
    ) -> None:
        """PutMetricFilter: counts from now on."""
        if log_group_name not in self.groups:
            raise ResourceNotFoundException("The specified log group does not exist.")
        [transformation] = metric_transformations
        try:
            matcher(filter_pattern)
        except UnknownPattern:
            raise _invalid("filterPattern", filter_pattern, "a pattern that the sandbox knows") from None
        if transformation.get("dimensions"):
            raise _invalid("dimensions", transformation["dimensions"], "left out, in the sandbox")
        if not _is_number(transformation["metricValue"]):
            raise _invalid("metricValue", transformation["metricValue"], "a number, in the sandbox")
        filters = [key for key in self._counted if key[0] == log_group_name and key[1] != filter_name]
        if len(filters) >= _MOST:
            raise _invalid("filterName", filter_name, f"one of at most {_MOST} of a log group")
        self._counted[log_group_name, filter_name] = {
            "filterName": filter_name,
            "filterPattern": filter_pattern,
            "logGroupName": log_group_name,
            "metricTransformations": [transformation],
            "creationTime": int(time.time() * 1000),
        }

    def describe_metric_filters(
        self,
        prefix: str | None = None,
        log_group_name: str | None = None,
        metric_name: str | None = None,
        metric_namespace: str | None = None,
    ) -> list[dict[str, Any]]:
        """DescribeMetricFilters."""
        if log_group_name and log_group_name not in self.groups:
            raise ResourceNotFoundException("The specified log group does not exist.")
        return [
            shown
            for (group, name), shown in sorted(self._counted.items())
            if (not log_group_name or group == log_group_name)
            and name.startswith(prefix or "")
            and (not metric_name or _metric(shown) == (metric_namespace, metric_name))
        ]

    def delete_metric_filter(self, filter_name: str | None = None, log_group_name: str | None = None) -> None:
        """DeleteMetricFilter."""
        if self._counted.pop((str(log_group_name), str(filter_name)), None) is None:
            raise ResourceNotFoundException("The specified metric filter does not exist.")

    def delete_log_group(self, log_group_name: str) -> None:
        """DeleteLogGroup: its filters go with it."""
        super().delete_log_group(log_group_name)
        self._counted = {key: shown for key, shown in self._counted.items() if key[0] != log_group_name}

    def put_log_events(
        self, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        """PutLogEvents."""
        result = super().put_log_events(log_group_name, log_stream_name, log_events)
        for (group, _), shown in list(self._counted.items()):
            if group == log_group_name:
                self._count(shown, [str(event["message"]) for event in log_events])
        return result

    def _count(self, shown: dict[str, Any], messages: list[str]) -> None:
        [transformation] = shown["metricTransformations"]
        matches = matcher(shown["filterPattern"])
        values = [float(transformation["metricValue"]) for message in messages if matches(message)]
        if not values and transformation.get("defaultValue") is not None:
            values = [float(transformation["defaultValue"])]
        if not values:
            return
        datum = {"MetricName": transformation["metricName"], "Values": values}
        with state.changed:
            sandbox_cloudwatch(self.account_id, self.region_name).put_metric_data(
                transformation["metricNamespace"], [{**datum, "Dimensions": [], "Unit": transformation.get("unit")}]
            )
        state.wake()


def _metric(shown: dict[str, Any]) -> tuple[str, str]:
    [transformation] = shown["metricTransformations"]
    return transformation["metricNamespace"], transformation["metricName"]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _invalid(parameter: str, value: object, constraint: str) -> InvalidParameterException:
    return InvalidParameterException(constraint=constraint, parameter=parameter, value=str(value))
