"""aws.lb.ListenerRule."""

from sandbox.provider.kit import Call, Props, Resource, deleter, from_aws, new_tags, only, to_aws
from sandbox.provider.resources.lb import actions, read_tags

_CONDITIONS = {"hostHeader": "host-header", "pathPattern": "path-pattern"}
RESOURCE = Resource(
    __name__,
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    unserved=f"{actions.UNSERVED} *.regexValues conditions.http* conditions.query* conditions.source* transforms",
    computed=actions.COMPUTED,
    required="priority conditions.*.values",
    ordered="actions",
    defaults=actions.DEFAULTS,
    names={**actions.NAMES, **{f"conditions.{name}": f"{name[0].upper()}{name[1:]}Config" for name in _CONDITIONS}},
)
delete = deleter("elbv2", "delete_rule", "RuleArn")


def _parameters(inputs: Props) -> Props:
    return {
        "Conditions": [made for condition in inputs["conditions"] for made in _conditions(condition)],
        "Actions": actions.actions(RESOURCE.fields["actions"], inputs["actions"]),
    }


def _conditions(condition: Props) -> list[Props]:
    fields = RESOURCE.fields["conditions"].inner
    return [{"Field": key, **to_aws(fields, condition, n)} for n, key in _CONDITIONS.items() if condition.get(n)]


def _read_condition(condition: Props) -> Props:
    """Return a condition as the program has it; one that is not served is none, so that it is put right."""
    served = [name for name, key in _CONDITIONS.items() if key == condition["Field"]]
    return from_aws(RESOURCE.fields["conditions"].inner, condition, *served) if served else {}


def create(call: Call, inputs: Props) -> str:
    parameters = {
        **RESOURCE.to_aws(inputs, "listenerArn", "priority"),
        **_parameters(inputs),
        **new_tags(inputs),
    }
    return str(call.client("elbv2").create_rule(**parameters)["Rules"][0]["RuleArn"])


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    elb = call.client("elbv2")
    if "priority" in changed:
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": id_, "Priority": new["priority"]}])
    if changed & {"actions", "conditions"}:
        elb.modify_rule(RuleArn=id_, **_parameters(new))


def read(call: Call, id_: str, prior: Props) -> Props:
    rule = only(call.client("elbv2").describe_rules(RuleArns=[id_])["Rules"])
    head, _, tail = id_.partition(":listener-rule/")
    return {
        "listenerArn": f"{head}:listener/{tail.rsplit('/', 1)[0]}",
        "priority": int(rule["Priority"]),
        "actions": actions.read_actions(RESOURCE.fields["actions"], rule["Actions"]),
        "conditions": [_read_condition(condition) for condition in rule["Conditions"]],
        "tags": read_tags(call, id_),
        "arn": id_,
    }
