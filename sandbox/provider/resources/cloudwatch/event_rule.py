"""aws.cloudwatch.EventRule, on the default bus; the service is EventBridge."""

from sandbox.provider.kit import Autoname, Call, Names, Pairs, Props, Resource, deleter, tag_list, tag_map

RESOURCE = Resource(
    __name__,
    "AWS::Events::Rule",
    autoname=Autoname(length=64),
    unserved="eventBusName forceDestroy isEnabled roleArn scheduleExpression state",
    names={"name": "Name", "description": "Description", "eventPattern": "EventPattern"},
)
_SETTINGS = ("name", "description", "eventPattern")
delete = deleter("events", "delete_rule", "Name")


def create(call: Call, inputs: Props) -> str:
    tags = {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}
    call.client("events").put_rule(**RESOURCE.to_aws(inputs, *_SETTINGS), **tags)
    return str(inputs["name"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if changed - {"tags"}:
        call.client("events").put_rule(**RESOURCE.to_aws(new, *_SETTINGS))


def tag(call: Call, id_: str, pairs: Pairs) -> None:
    call.client("events").tag_resource(ResourceARN=_arn(call, id_), Tags=pairs)


def untag(call: Call, id_: str, keys: Names) -> None:
    call.client("events").untag_resource(ResourceARN=_arn(call, id_), TagKeys=keys)


def _arn(call: Call, name: str) -> str:
    return call.arn("events", f"rule/{name}")


def read(call: Call, id_: str, prior: Props) -> Props:
    events = call.client("events")
    found = events.describe_rule(Name=id_)
    return {
        "name": found["Name"],
        "description": found.get("Description") or None,
        "eventPattern": found.get("EventPattern"),
        "tags": tag_map(events.list_tags_for_resource(ResourceARN=_arn(call, id_))["Tags"]),
        "arn": _arn(call, id_),
    }
