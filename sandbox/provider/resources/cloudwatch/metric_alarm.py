"""aws.cloudwatch.MetricAlarm."""

from sandbox.provider.kit import Autoname, Call, Props, Resource, deleter, from_aws, only, tag_map, tagger, to_aws

RESOURCE = Resource(
    __name__,
    "AWS::CloudWatch::Alarm",
    autoname=Autoname(),
    unserved="evaluationCriteria evaluationInterval evaluationWindow warmUpConfiguration",
    required="comparisonOperator evaluationPeriods",
    off="metricQueries.returnData",
    kinds={"*dimensions": "dimensions"},
    defaults={"actionsEnabled": True, "treatMissingData": "missing"},
    names={
        "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
        "name": "AlarmName",
        "okActions": "OKActions",
    },
)
_METRIC = ("metricName", "namespace", "dimensions")  # which the API nests once more
delete = deleter("cloudwatch", "delete_alarms", "AlarmNames")


def _parameters(inputs: Props) -> Props:
    parameters = RESOURCE.to_aws({**inputs, "metricQueries": None, "tags": None})
    queries: list[Props] = inputs.get("metricQueries") or []
    return {**parameters, "Metrics": [_query(q) for q in queries]} if queries else parameters


def _query(query: Props) -> Props:
    fields = RESOURCE.fields["metricQueries"].inner
    made, metric = to_aws(fields, {**query, "metric": None}), query.get("metric")
    if metric:
        inner = fields["metric"].inner
        made["MetricStat"] = {
            "Metric": to_aws(inner, metric, *_METRIC),
            **to_aws(inner, {**metric, **dict.fromkeys(_METRIC)}),
        }
    return made


def _read_query(reply: Props) -> Props:
    stat = reply.get("MetricStat")
    metric = {**stat["Metric"], **{k: v for k, v in stat.items() if k != "Metric"}} if stat else None
    flat = {**reply, "Metric": metric, "ReturnData": reply.get("ReturnData", True)}
    query = from_aws(RESOURCE.fields["metricQueries"].inner, flat)
    return {k: v for k, v in query.items() if v is not None}


def create(call: Call, inputs: Props) -> str:
    call.client("cloudwatch").put_metric_alarm(**_parameters(inputs), **RESOURCE.to_aws(inputs, "tags"))
    return str(inputs["name"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if changed - {"tags"}:
        call.client("cloudwatch").put_metric_alarm(**_parameters(new))


def _arn(call: Call, name: str) -> str:
    return call.arn("cloudwatch", f"alarm:{name}")


tag, untag = tagger("cloudwatch", "tag_resource", "untag_resource", "ResourceARN", _arn)


def read(call: Call, id_: str, prior: Props) -> Props:
    cloudwatch = call.client("cloudwatch")
    alarm = only(cloudwatch.describe_alarms(AlarmNames=[id_], AlarmTypes=["MetricAlarm"])["MetricAlarms"])
    return {
        **RESOURCE.from_aws(alarm),
        "metricQueries": [_read_query(m) for m in alarm.get("Metrics") or []],
        "tags": tag_map(cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]),
        "arn": alarm["AlarmArn"],
    }
