"""aws.lb.ListenerRule."""

from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resource import Resource
from sandbox.provider.resources.lb import actions, read_tags
from sandbox.provider.schema import Props
from sandbox.provider.tags import tags_at_creation
from sandbox.provider.translate import first, from_aws, to_aws

RESOURCE = Resource(
    __name__,
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    unserved=f"{actions.UNSERVED} *.regexValues conditions.sourceIp.ipAddressType transforms",
    computed=actions.COMPUTED,
    required="conditions.*.values",
    ordered="actions",
    defaults=actions.DEFAULTS,
    names={
        **actions.NAMES,
        "conditions.hostHeader": "HostHeaderConfig",
        "conditions.httpHeader": "HttpHeaderConfig",
        "conditions.httpRequestMethod": "HttpRequestMethodConfig",
        "conditions.pathPattern": "PathPatternConfig",
        "conditions.sourceIp": "SourceIpConfig",
    },
)
_FIELDS = {
    "hostHeader": "host-header",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "pathPattern": "path-pattern",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}


def _parameters(inputs: Props) -> dict[str, Any]:
    return {
        "Conditions": [made for condition in inputs["conditions"] for made in _conditions(condition)],
        "Actions": actions.actions(RESOURCE.fields["actions"], inputs["actions"]),
    }


def _conditions(condition: Props) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for name in (name for name in _FIELDS if condition.get(name)):
        config = to_aws(RESOURCE.fields["conditions"].inner, condition, name)
        if name == "queryStrings":
            config = {"QueryStringConfig": {"Values": config["QueryStrings"]}}
        made.append({"Field": _FIELDS[name], **config})
    return made


def _read_condition(condition: dict[str, Any]) -> Props:
    fields = RESOURCE.fields["conditions"].inner
    name, config = next(n for n, field in _FIELDS.items() if field == condition["Field"]), dict(condition)
    if name == "queryStrings":
        config = {"QueryStrings": condition["QueryStringConfig"]["Values"]}
    elif fields[name].aws_name(name) not in config:  # the older form of path and host conditions
        config[fields[name].aws_name(name)] = {"Values": condition.get("Values", [])}
    return from_aws(fields, config, name)


def create(call: Call, inputs: Props) -> str:
    elb, listener = call.client("elbv2"), inputs["listenerArn"]
    priority = inputs.get("priority") or _next_priority(elb.describe_rules(ListenerArn=listener))
    parameters = {"ListenerArn": listener, "Priority": priority, **_parameters(inputs), **tags_at_creation(inputs)}
    return str(elb.create_rule(**parameters)["Rules"][0]["RuleArn"])


def _next_priority(reply: dict[str, Any]) -> int:
    taken = [int(r["Priority"]) for r in reply["Rules"] if r["Priority"] != "default"]
    return max(taken, default=0) + 1


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    elb = call.client("elbv2")
    if "priority" in changed and new.get("priority"):
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": id_, "Priority": new["priority"]}])
    if changed & {"actions", "conditions"}:
        elb.modify_rule(RuleArn=id_, **_parameters(new))


def read(call: Call, id_: str, prior: Props) -> Props | None:
    rule = first(call.client("elbv2").describe_rules(RuleArns=[id_])["Rules"])
    if rule is None:
        return None
    head, _, tail = id_.partition(":listener-rule/")
    return {
        "listenerArn": f"{head}:listener/{tail.rsplit('/', 1)[0]}",
        "priority": int(rule["Priority"]),
        "actions": actions.read_actions(RESOURCE.fields["actions"], rule["Actions"], prior.get("actions")),
        "conditions": [_read_condition(condition) for condition in rule["Conditions"]],
        "tags": read_tags(call, id_),
        "arn": id_,
    }


def delete(call: Call, id_: str, state: Props) -> None:
    call.client("elbv2").delete_rule(RuleArn=id_)
