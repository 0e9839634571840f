"""aws.cloudwatch.LogMetricFilter; the service is CloudWatch Logs."""

from sandbox.provider.kit import Autoname, Call, Props, Resource, only

RESOURCE = Resource(
    __name__,
    "AWS::Logs::MetricFilter",
    autoname=Autoname(length=512),
    unserved="applyOnTransformedLogs metricTransformation.dimensions",
    names={"name": "FilterName", "pattern": "FilterPattern", "logGroupName": "LogGroupName"},
)
_INNER = {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}


def create(call: Call, inputs: Props) -> str:
    given: Props = inputs["metricTransformation"]
    transformation = {_INNER.get(key, key): value for key, value in given.items() if value is not None}
    if "defaultValue" in transformation:
        transformation["defaultValue"] = float(transformation["defaultValue"])
    call.client("logs").put_metric_filter(
        logGroupName=inputs["logGroupName"],
        filterName=inputs["name"],
        filterPattern=inputs["pattern"],
        metricTransformations=[transformation],
    )
    return str(inputs["name"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    create(call, new)


def read(call: Call, id_: str, prior: Props) -> Props:
    group, _, name = id_.rpartition(":")  # an import gives both
    group = group or prior["logGroupName"]
    pages = call.client("logs").get_paginator("describe_metric_filters").paginate(logGroupName=group)
    found = only(each for page in pages for each in page["metricFilters"] if each["filterName"] == name)
    [shown] = found["metricTransformations"]
    inner = {key: shown.get(_INNER.get(key, key)) for key in ("name", "namespace", "value", "defaultValue", "unit")}
    if inner["defaultValue"] is not None:
        inner["defaultValue"] = f"{inner['defaultValue']:g}"
    return {
        "name": name,
        "logGroupName": group,
        "pattern": found["filterPattern"],
        "metricTransformation": {key: value for key, value in inner.items() if value is not None},
    }


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("logs").delete_metric_filter(logGroupName=state["logGroupName"], filterName=state["name"])
