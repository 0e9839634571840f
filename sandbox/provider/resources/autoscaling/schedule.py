"""aws.autoscaling.Schedule: when a group's sizes change. As upstream, -1 leaves a size alone, and one left out is 0."""

from sandbox.provider.kit import Call, Problems, Props, Resource, of_group, only

_SIZES = ("minSize", "maxSize", "desiredCapacity")
RESOURCE = Resource(
    __name__,
    "AWS::AutoScaling::ScheduledAction",
    computed="startTime endTime timeZone",
    replace="scheduledActionName",
    defaults=dict.fromkeys(_SIZES, 0),
    names={"autoscalingGroupName": "AutoScalingGroupName"},
)


def create(call: Call, inputs: Props) -> str:
    sizes = {name: inputs[name] for name in _SIZES}
    kept = {name: value for name, value in inputs.items() if sizes.get(name) != -1}
    call.client("autoscaling").put_scheduled_update_group_action(**RESOURCE.to_aws(kept))
    return str(inputs["scheduledActionName"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    create(call, new)


def read(call: Call, id_: str, prior: Props) -> Props:
    group, name = of_group(id_, prior)
    reply = call.client("autoscaling").describe_scheduled_actions(
        AutoScalingGroupName=group, ScheduledActionNames=[name]
    )
    shown = only(reply["ScheduledUpdateGroupActions"])
    found = RESOURCE.from_aws(shown)
    return {
        **found,
        **{name: -1 if found.get(name) is None else found[name] for name in _SIZES},
        "arn": shown.get("ScheduledActionARN", ""),  # plain moto has none
    }


def delete(call: Call, id_: str, state: Props) -> None:
    name, group = state["scheduledActionName"], state["autoscalingGroupName"]
    call.client("autoscaling").delete_scheduled_action(AutoScalingGroupName=group, ScheduledActionName=name)


def check(inputs: Props) -> Problems:
    if "recurrence" not in inputs and "startTime" not in inputs:
        yield "recurrence", "set one of recurrence and startTime"
