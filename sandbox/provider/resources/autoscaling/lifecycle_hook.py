"""aws.autoscaling.LifecycleHook: one that a group gets after it was made."""

from sandbox.provider.kit import Autoname, Call, Props, Resource, of_group, only

RESOURCE = Resource(
    __name__,
    "AWS::AutoScaling::LifecycleHook",
    autoname=Autoname(),
    names={"autoscalingGroupName": "AutoScalingGroupName", "name": "LifecycleHookName"},
)


def create(call: Call, inputs: Props) -> str:
    call.client("autoscaling").put_lifecycle_hook(**RESOURCE.to_aws(inputs))
    return str(inputs["name"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    create(call, new)


def read(call: Call, id_: str, prior: Props) -> Props:
    group, name = of_group(id_, prior)
    reply = call.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=group, LifecycleHookNames=[name])
    return RESOURCE.from_aws(only(reply["LifecycleHooks"]))


def delete(call: Call, id_: str, state: Props) -> None:
    name, group = state["name"], state["autoscalingGroupName"]
    call.client("autoscaling").delete_lifecycle_hook(AutoScalingGroupName=group, LifecycleHookName=name)
