"""aws.cloudwatch.EventTarget, of a rule on the default bus; the service is EventBridge."""

from sandbox.provider.kit import Call, Props, Resource, only

RESOURCE = Resource(
    __name__,
    unserved=(
        "appsyncTarget* batchTarget* deadLetterConfig* ecsTarget* eventBusName forceDestroy httpTarget* input "
        "inputPath kinesisTarget* redshiftTarget* retryPolicy* roleArn runCommandTargets* "
        "sagemakerPipelineTarget* sqsTarget*"
    ),
    required="targetId",
    replace="rule targetId",
)


def create(call: Call, inputs: Props) -> str:
    target: Props = {"Id": inputs["targetId"], "Arn": inputs["arn"]}
    if transformer := inputs.get("inputTransformer"):
        paths = {"InputPathsMap": transformer["inputPaths"]} if transformer.get("inputPaths") else {}
        target["InputTransformer"] = {**paths, "InputTemplate": transformer["inputTemplate"]}
    call.client("events").put_targets(Rule=inputs["rule"], Targets=[target])
    return f"{inputs['rule']}-{inputs['targetId']}"


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    create(call, new)


def read(call: Call, id_: str, prior: Props) -> Props:
    rule, _, target = id_.partition("/")  # an import gives both so
    rule, target = (rule, target) if target else (prior["rule"], prior["targetId"])
    targets = call.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    found = only(each for each in targets if each["Id"] == target)
    shown = found.get("InputTransformer")
    transformer = shown and {"inputPaths": shown.get("InputPathsMap"), "inputTemplate": shown["InputTemplate"]}
    return {"rule": rule, "targetId": target, "arn": found["Arn"], "inputTransformer": transformer or None}


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("events").remove_targets(Rule=state["rule"], Ids=[state["targetId"]])
