"""aws.cloudwatch: MetricAlarm."""

from __future__ import annotations

from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import first, from_aws, removed_tags, tag_list, tag_map, to_aws
from sandbox.provider.schema import (
    DIMENSIONS,
    TAGS,
    Autoname,
    Field,
    Props,
    Resource,
    block,
    flag,
    number,
    text,
    unordered,
)

_METRIC = {
    "metricName": text(required=True),
    "namespace": text(),
    "dimensions": DIMENSIONS,
    "period": number(required=True),
    "stat": text(required=True),
    "unit": text(),
}
_QUERY = {
    "id": text(required=True),
    "accountId": text(),
    "expression": text(),
    "label": text(),
    "metric": block(_METRIC),
    "period": number(),
    "returnData": flag(default=False),
}
_FIELDS: dict[str, Field] = {
    "name": text(replace=True, computed=True, aws="AlarmName"),
    "actionsEnabled": flag(default=True),
    "alarmActions": unordered(),
    "alarmDescription": text(),
    "comparisonOperator": text(required=True),
    "datapointsToAlarm": number(),
    "dimensions": DIMENSIONS,
    "evaluateLowSampleCountPercentiles": text(computed=True, aws="EvaluateLowSampleCountPercentile"),
    "evaluationPeriods": number(required=True),
    "extendedStatistic": text(),
    "insufficientDataActions": unordered(),
    "metricName": text(),
    "metricQueries": unordered(block(_QUERY)),
    "namespace": text(),
    "okActions": unordered(aws="OKActions"),
    "period": number(),
    "statistic": text(),
    "threshold": number(),
    "thresholdMetricId": text(),
    "treatMissingData": text(default="missing"),
    "unit": text(),
    "tags": TAGS,
}


def _parameters(props: Props) -> dict[str, Any]:
    parameters = to_aws(_FIELDS, {**props, "metricQueries": None, "tags": None})
    queries: list[Props] = props.get("metricQueries") or []
    if queries:
        parameters["Metrics"] = [_query(q) for q in queries]
    return parameters


def _query(query: Props) -> dict[str, Any]:
    """The API nests a metric's name, namespace and dimensions once more."""
    made = to_aws(_QUERY, {**query, "metric": None})
    if query.get("metric"):
        named = to_aws(_METRIC, query["metric"], "metricName", "namespace", "dimensions")
        made["MetricStat"] = {"Metric": named, **to_aws(_METRIC, query["metric"], "period", "stat", "unit")}
    return made


def _read_query(reply: dict[str, Any]) -> Props:
    stat = reply.get("MetricStat")
    metric = {**stat["Metric"], **{k: v for k, v in stat.items() if k != "Metric"}} if stat else None
    query = from_aws(_QUERY, {**reply, "Metric": metric, "ReturnData": reply.get("ReturnData", True)})
    return {k: v for k, v in query.items() if v is not None}


def _create(call: Call, props: Props) -> str:
    call.client("cloudwatch").put_metric_alarm(**_parameters(props), Tags=tag_list(props.get("tags")))
    return str(props["name"])


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    cloudwatch, arn = call.client("cloudwatch"), _arn(call, id_)
    if changed - {"tags"}:
        cloudwatch.put_metric_alarm(**_parameters(new))
    if "tags" in changed:
        gone = removed_tags(old, new)
        if gone:
            cloudwatch.untag_resource(ResourceARN=arn, TagKeys=gone)
        if new.get("tags"):
            cloudwatch.tag_resource(ResourceARN=arn, Tags=tag_list(new["tags"]))


def _arn(call: Call, name: str) -> str:
    return call.arn("cloudwatch", f"alarm:{name}")


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    cloudwatch = call.client("cloudwatch")
    alarm = first(cloudwatch.describe_alarms(AlarmNames=[id_], AlarmTypes=["MetricAlarm"])["MetricAlarms"])
    if alarm is None:
        return None
    reading = from_aws(_FIELDS, alarm)
    reading["metricQueries"] = [_read_query(m) for m in alarm.get("Metrics") or []]
    reading["tags"] = tag_map(cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"])
    return {**reading, "arn": alarm["AlarmArn"]}


def _delete(call: Call, id_: str, state: Props) -> None:
    call.client("cloudwatch").delete_alarms(AlarmNames=[id_])


RESOURCES = (
    Resource(
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
        cfn="AWS::CloudWatch::Alarm",
        fields=_FIELDS,
        outputs=("arn", "tagsAll"),
        autoname=Autoname(),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
