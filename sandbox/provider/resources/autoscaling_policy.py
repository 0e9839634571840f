"""aws.autoscaling: Policy (target tracking, step and simple scaling)."""

from __future__ import annotations

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import first, from_aws, to_aws
from sandbox.provider.schema import Autoname, Field, Props, Resource, block, flag, number, number_text, text, unordered

_PREDEFINED = {"predefinedMetricType": text(required=True), "resourceLabel": text()}
_CUSTOMIZED = {
    "metricName": text(),
    "namespace": text(),
    "statistic": text(),
    "unit": text(),
    "metricDimensions": unordered(block({"name": text(required=True), "value": text(required=True)}), aws="Dimensions"),
}
_TRACKING = {
    "targetValue": number(required=True),
    "disableScaleIn": flag(default=False),
    "predefinedMetricSpecification": block(_PREDEFINED),
    "customizedMetricSpecification": block(_CUSTOMIZED),
}
_STEP = {
    "scalingAdjustment": number(required=True),
    "metricIntervalLowerBound": number_text(),
    "metricIntervalUpperBound": number_text(),
}
_FIELDS: dict[str, Field] = {
    "name": text(replace=True, computed=True, aws="PolicyName"),
    "autoscalingGroupName": text(required=True, replace=True, aws="AutoScalingGroupName"),
    "policyType": text(default="SimpleScaling"),
    "adjustmentType": text(),
    "cooldown": number(),
    "enabled": flag(default=True),
    "estimatedInstanceWarmup": number(),
    "metricAggregationType": text(computed=True),
    "minAdjustmentMagnitude": number(),
    "scalingAdjustment": number(),
    "stepAdjustments": unordered(block(_STEP)),
    "targetTrackingConfiguration": block(_TRACKING),
}


def _put(call: Call, props: Props) -> str:
    call.client("autoscaling").put_scaling_policy(**to_aws(_FIELDS, props))
    return str(props["name"])


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    _put(call, new)


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    group, _, name = id_.rpartition("/")  # an import gives both
    group = group or prior["autoscalingGroupName"]
    reply = call.client("autoscaling").describe_policies(AutoScalingGroupName=group, PolicyNames=[name])
    policy = first(reply["ScalingPolicies"])
    if policy is None:
        return None
    return {**from_aws(_FIELDS, policy), "arn": policy["PolicyARN"]}


def _delete(call: Call, id_: str, state: Props) -> None:
    call.client("autoscaling").delete_policy(
        AutoScalingGroupName=state["autoscalingGroupName"], PolicyName=state["name"]
    )


RESOURCES = (
    Resource(
        type="aws:autoscaling/policy:Policy",
        cfn="AWS::AutoScaling::ScalingPolicy",
        fields=_FIELDS,
        outputs=("arn",),
        autoname=Autoname(),
        create=_put,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
