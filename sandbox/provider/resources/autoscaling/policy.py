"""aws.autoscaling.Policy: target tracking, step and simple scaling."""

from sandbox.provider.kit import Autoname, Call, Props, Resource, of_group, only

RESOURCE = Resource(
    __name__,
    "AWS::AutoScaling::ScalingPolicy",
    autoname=Autoname(),
    unserved="predictiveScalingConfiguration *.customizedMetricSpecification.metrics"
    " *.customizedMetricSpecification.period",
    replace="name",
    kinds={"stepAdjustments.metricInterval*": "number-text"},
    off="*.disableScaleIn",
    defaults={"enabled": True, "policyType": "SimpleScaling"},
    names={"autoscalingGroupName": "AutoScalingGroupName", "name": "PolicyName", "*.metricDimensions": "Dimensions"},
)


def create(call: Call, inputs: Props) -> str:
    call.client("autoscaling").put_scaling_policy(**RESOURCE.to_aws(inputs))
    return str(inputs["name"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    create(call, new)


def read(call: Call, id_: str, prior: Props) -> Props:
    group, name = of_group(id_, prior)
    reply = call.client("autoscaling").describe_policies(AutoScalingGroupName=group, PolicyNames=[name])
    policy = only(reply["ScalingPolicies"])
    return {**RESOURCE.from_aws(policy), "arn": policy["PolicyARN"]}


def delete(call: Call, id_: str, state: Props) -> None:
    name, group = state["name"], state["autoscalingGroupName"]
    call.client("autoscaling").delete_policy(AutoScalingGroupName=group, PolicyName=name)
