"""FilterLogEvents with a JSON pattern, as CloudWatch Logs documents it."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.logs.patterns import UnknownPattern, matcher
from tests.aws.emulator import REGION, Emulator
from tests.waiting import until

pytestmark = pytest.mark.sandbox

READY = '{ ($.event = "ready") && ($.sha = "abc") }'


@pytest.mark.parametrize(
    ("pattern", "message", "matched"),
    [
        (READY, '{"event": "ready", "sha": "abc", "more": [1]}', True),
        (READY, '{"event": "ready", "sha": "abcd"}', False),
        (READY, '{"sha": "abc"}', False),
        (READY, '{"event": ["ready"], "sha": "abc"}', False),
        ('{ $.event = "ready" && $.sha = "a*" }', '{"event": "ready", "sha": "abcd"}', True),
        ('{$.event="ready"}', '{"event": "ready"}', True),
        ('{$.event="r?[a]"}', '{"event": "ready"}', False),
        ('{$.event=""}', '{"event": ""}', True),
        (READY, "ready abc", False),
        (READY, '["ready", "abc"]', False),
        (READY, "[" * 100_000, False),
        ("%/health%", "GET /healthz 200", True),
        ("%a.c%", "abc", True),
        ("%a\\.c%", "abc", False),
        ("ERROR", "an ERROR", True),
        ("", "anything", True),
    ],
)
def test_what_matches(pattern: str, message: str, matched: bool):
    """Names of the outermost object, all of them, compared with strings."""
    matches = matcher(pattern)
    assert matches(message) is matched


@pytest.mark.parametrize(
    "pattern", ["{ $.n > 1 }", '{ ($.a = "1") || ($.b = "2") }', "{}", '{ $.a.b = "c" }', "%(a)%", "%a!%", "%%"]
)
def test_what_it_does_not_know_is_an_error(pattern: str):
    """Rather than everything, or nothing."""
    with pytest.raises(UnknownPattern):
        matcher(pattern)


def put(logs: Any, group: str, stream: str, messages: list[str]) -> None:
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    for start in range(0, len(messages), 10_000):
        lines = [{"timestamp": now + start + n, "message": m} for n, m in enumerate(messages[start : start + 10_000])]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=lines)


def test_pages_may_be_empty(aws: Emulator):
    """Matches are looked for page by page, in the streams that are named; one that isn't there is an error."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/g")
    ready = json.dumps({"event": "ready", "sha": "abc"})
    put(logs, "/g", "a", ["app"] * 10_000 + [ready])
    put(logs, "/g", "b", [ready])
    query = {"logGroupName": "/g", "logStreamNames": ["a"], "filterPattern": READY}
    pages = list(logs.get_paginator("filter_log_events").paginate(**query))
    assert [len(page["events"]) for page in pages] == [0, 1]
    assert pages[1]["events"][0]["logStreamName"] == "a"
    with pytest.raises(ClientError, match="The specified log stream does not exist"):
        logs.filter_log_events(**{**query, "logStreamNames": ["a", "c"]})
    with pytest.raises(ClientError, match="a pattern that the sandbox knows"):
        logs.filter_log_events(**{**query, "filterPattern": "{ $.n > 1 }"})


def key(aws: Emulator, *services: str) -> str:
    """A key that these services may use; the ARN."""
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    may = [{**root, "Principal": {"Service": service}} for service in services]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, *may]})
    return str(aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def test_a_log_group_has_a_key_that_the_logs_may_use(aws: Emulator):
    """As it is made, or later; and it can go back to CloudWatch's own."""
    logs, name, good = aws.client("logs"), aws.name(), key(aws, f"logs.{REGION}.amazonaws.com")
    logs.create_log_group(logGroupName=name, kmsKeyId=good)
    logs.disassociate_kms_key(logGroupName=name)
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    logs.associate_kms_key(logGroupName=name, kmsKeyId=good)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["kmsKeyId"] == good


def test_a_key_that_the_logs_may_not_use_is_refused(aws: Emulator):
    """The key's policy decides, also whether it is there; a log group is not made."""
    logs, kms = aws.client("logs"), aws.client("kms")
    disabled = key(aws, f"logs.{REGION}.amazonaws.com")
    kms.disable_key(KeyId=disabled.rpartition("/")[2])
    for arn in (key(aws), key(aws, "logs.eu-west-3.amazonaws.com"), disabled, f"{disabled}0"):
        with pytest.raises(ClientError, match="does not exist or is not allowed to be used with Arn"):
            logs.create_log_group(logGroupName=aws.name(), kmsKeyId=arn)


def test_a_metric_filter_counts_what_matches(aws: Emulator):
    """Lines of its own group, from when it is there; each is a value of the metric, and an alarm sees them."""
    logs, watch, name = aws.client("logs"), aws.client("cloudwatch"), aws.name()
    for group in (name, f"{name}-other"):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="i-1")
    lines = [json.dumps({"event": event}) for event in ("restarted", "ready", "restarted")]

    def write(group: str) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName="i-1", logEvents=events)

    write(name)
    counted = {"metricName": name, "metricNamespace": "Slipway", "metricValue": "1", "unit": "Count"}
    for group in (name, f"{name}-other"):
        given = {**counted, "metricName": group}
        logs.put_metric_filter(
            logGroupName=group, filterName="r", filterPattern='{ $.event = "restarted" }', metricTransformations=[given]
        )
    write(name)
    watch.put_metric_alarm(
        AlarmName=name,
        Namespace="Slipway",
        MetricName=name,
        Period=60,
        Statistic="Sum",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    until(lambda: watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "ALARM")
    since = datetime.now(timezone.utc) - timedelta(minutes=5)
    query = {"Namespace": "Slipway", "StartTime": since, "EndTime": since + timedelta(minutes=10)}
    [point] = watch.get_metric_statistics(**query, MetricName=name, Period=600, Statistics=["Sum"])["Datapoints"]
    assert point["Sum"] == 2
    assert not watch.get_metric_statistics(**query, MetricName=f"{name}-other", Period=600, Statistics=["Sum"])[
        "Datapoints"
    ]
    assert [each["logGroupName"] for each in logs.describe_metric_filters(logGroupName=name)["metricFilters"]] == [name]
    logs.delete_metric_filter(logGroupName=name, filterName="r")
    assert logs.describe_metric_filters(logGroupName=name)["metricFilters"] == []


def test_a_metric_filter_of_a_pattern_that_is_unknown_is_refused(aws: Emulator):
    """Rather than one that never counts."""
    logs, name = aws.client("logs"), aws.name()
    logs.create_log_group(logGroupName=name)
    counted = {"metricName": name, "metricNamespace": "Slipway", "metricValue": "1"}
    query = {"logGroupName": name, "filterName": "r", "metricTransformations": [counted]}
    with pytest.raises(ClientError, match="a pattern that the sandbox knows"):
        logs.put_metric_filter(**query, filterPattern="{ $.n > 1 }")
    with pytest.raises(ClientError, match="log group does not exist"):
        logs.put_metric_filter(**{**query, "logGroupName": f"{name}-gone"}, filterPattern="ERROR")
