"""aws.lb: Listener and ListenerRule (forward, redirect and fixed-response actions)."""

from __future__ import annotations

from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.lb_attributes import creation_tags, read_tags, update_tags
from sandbox.provider.resources.translate import first, from_aws, to_aws
from sandbox.provider.schema import TAGS, Field, Props, Resource, block, flag, items, number, text, unordered

_ACTION = {
    "type": text(required=True),
    "order": number(computed=True),
    "targetGroupArn": text(),
    "forward": block(
        {
            "targetGroups": unordered(
                block({"arn": text(required=True, aws="TargetGroupArn"), "weight": number(default=1)}), required=True
            ),
            "stickiness": block(
                {"duration": number(required=True, aws="DurationSeconds"), "enabled": flag(default=False)},
                aws="TargetGroupStickinessConfig",
            ),
        },
        aws="ForwardConfig",
    ),
    "redirect": block(
        {
            "statusCode": text(required=True),
            "host": text(default="#{host}"),
            "path": text(default="/#{path}"),
            "port": text(default="#{port}"),
            "protocol": text(default="#{protocol}"),
            "query": text(default="#{query}"),
        },
        aws="RedirectConfig",
    ),
    "fixedResponse": block(
        {"contentType": text(required=True), "messageBody": text(), "statusCode": text(computed=True)},
        aws="FixedResponseConfig",
    ),
}
_LISTENER: dict[str, Field] = {
    "loadBalancerArn": text(required=True, replace=True),
    "port": number(),
    "protocol": text(computed=True),
    "sslPolicy": text(computed=True),
    "certificateArn": text(),
    "alpnPolicy": text(),
    "defaultActions": items(block(_ACTION), required=True),
    "tags": TAGS,
}
_VALUES = {"values": unordered(required=True)}
_CONDITION = {
    "hostHeader": block(_VALUES, aws="HostHeaderConfig"),
    "httpHeader": block({"httpHeaderName": text(required=True), **_VALUES}, aws="HttpHeaderConfig"),
    "httpRequestMethod": block(_VALUES, aws="HttpRequestMethodConfig"),
    "pathPattern": block(_VALUES, aws="PathPatternConfig"),
    "queryStrings": unordered(block({"key": text(), "value": text(required=True)})),
    "sourceIp": block(_VALUES, aws="SourceIpConfig"),
}
_CONDITION_NAMES = {
    "hostHeader": "host-header",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "pathPattern": "path-pattern",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}
_RULE: dict[str, Field] = {
    "listenerArn": text(required=True, replace=True),
    "priority": number(computed=True),
    "actions": items(block(_ACTION), required=True),
    "conditions": unordered(block(_CONDITION), required=True),
    "tags": TAGS,
}


def _actions(actions: list[Props]) -> list[dict[str, Any]]:
    """The API numbers actions; where the program does not, they go in the order in which it lists them."""
    made = [to_aws(_ACTION, a) for a in actions]
    return [{"Order": i, **a} for i, a in enumerate(made, start=1)] if len(made) > 1 else made


def _read_actions(actions: list[dict[str, Any]], prior: list[Props]) -> list[Props]:
    """The API tells a plain forward twice, as a group and as a list of one: keep the form that the program used."""
    read: list[Props] = []
    for i, reply in enumerate(sorted(actions, key=lambda a: a.get("Order") or 0)):
        action = {k: v for k, v in from_aws(_ACTION, reply).items() if v is not None}
        groups: list[Props] = action.get("forward", {}).get("targetGroups", [])
        if i < len(prior) and prior[i].get("forward"):
            action.pop("targetGroupArn", None)
        elif len(groups) == 1:
            action["targetGroupArn"] = groups[0]["arn"]
            action.pop("forward")
        read.append(action)
    return read


def _listener_parameters(props: Props, *names: str) -> dict[str, Any]:
    parameters = to_aws(_LISTENER, props, *names)
    if props.get("certificateArn"):
        parameters["Certificates"] = [{"CertificateArn": props["certificateArn"]}]
    if props.get("alpnPolicy"):
        parameters["AlpnPolicy"] = [props["alpnPolicy"]]
    return {**parameters, "DefaultActions": _actions(props["defaultActions"])}


def _create_listener(call: Call, props: Props) -> str:
    parameters = _listener_parameters(props, "loadBalancerArn", "port", "protocol", "sslPolicy")
    reply = call.client("elbv2").create_listener(**parameters, **creation_tags(props))
    return str(reply["Listeners"][0]["ListenerArn"])


def _update_listener(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if changed - {"tags"}:
        parameters = _listener_parameters(new, "port", "protocol", "sslPolicy")
        call.client("elbv2").modify_listener(ListenerArn=id_, **parameters)
    update_tags(call, id_, old, new, changed)


def _read_listener(call: Call, id_: str, prior: Props) -> Props | None:
    listener = first(call.client("elbv2").describe_listeners(ListenerArns=[id_])["Listeners"])
    if listener is None:
        return None
    return {
        **from_aws(_LISTENER, listener, "loadBalancerArn", "port", "protocol"),
        "sslPolicy": listener.get("SslPolicy") if listener.get("Protocol") in ("HTTPS", "TLS") else None,
        "certificateArn": first(c["CertificateArn"] for c in listener.get("Certificates") or []),
        "alpnPolicy": first(listener.get("AlpnPolicy") or []),
        "defaultActions": _read_actions(listener["DefaultActions"], prior.get("defaultActions") or []),
        "tags": read_tags(call, id_),
        "arn": id_,
    }


def _delete_listener(call: Call, id_: str, state: Props) -> None:
    call.client("elbv2").delete_listener(ListenerArn=id_)


def _conditions(conditions: list[Props]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for condition in conditions:
        for name, field in _CONDITION_NAMES.items():
            if not condition.get(name):
                continue
            config = to_aws(_CONDITION, condition, name)
            if name == "queryStrings":
                config = {"QueryStringConfig": {"Values": config["QueryStrings"]}}
            made.append({"Field": field, **config})
    return made


def _read_conditions(conditions: list[dict[str, Any]]) -> list[Props]:
    names = {field: name for name, field in _CONDITION_NAMES.items()}
    read: list[Props] = []
    for condition in conditions:
        name = names[condition["Field"]]
        config = dict(condition)
        if name == "queryStrings":
            config = {"QueryStrings": condition["QueryStringConfig"]["Values"]}
        elif _CONDITION[name].aws_name(name) not in config:  # the older form of path and host conditions
            config[_CONDITION[name].aws_name(name)] = {"Values": condition.get("Values", [])}
        read.append(from_aws(_CONDITION, config, name))
    return read


def _create_rule(call: Call, props: Props) -> str:
    elb = call.client("elbv2")
    reply = elb.create_rule(
        ListenerArn=props["listenerArn"],
        Priority=props.get("priority") or _next_priority(elb.describe_rules(ListenerArn=props["listenerArn"])),
        Conditions=_conditions(props["conditions"]),
        Actions=_actions(props["actions"]),
        **creation_tags(props),
    )
    return str(reply["Rules"][0]["RuleArn"])


def _next_priority(reply: dict[str, Any]) -> int:
    taken = [int(r["Priority"]) for r in reply["Rules"] if r["Priority"] != "default"]
    return max(taken, default=0) + 1


def _update_rule(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    elb = call.client("elbv2")
    if "priority" in changed and new.get("priority"):
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": id_, "Priority": new["priority"]}])
    if changed & {"actions", "conditions"}:
        elb.modify_rule(RuleArn=id_, Conditions=_conditions(new["conditions"]), Actions=_actions(new["actions"]))
    update_tags(call, id_, old, new, changed)


def _read_rule(call: Call, id_: str, prior: Props) -> Props | None:
    rule = first(call.client("elbv2").describe_rules(RuleArns=[id_])["Rules"])
    if rule is None:
        return None
    head, _, tail = id_.partition(":listener-rule/")
    return {
        "listenerArn": f"{head}:listener/{tail.rsplit('/', 1)[0]}",
        "priority": int(rule["Priority"]),
        "actions": _read_actions(rule["Actions"], prior.get("actions") or []),
        "conditions": _read_conditions(rule["Conditions"]),
        "tags": read_tags(call, id_),
        "arn": id_,
    }


def _delete_rule(call: Call, id_: str, state: Props) -> None:
    call.client("elbv2").delete_rule(RuleArn=id_)


RESOURCES = (
    Resource(
        type="aws:lb/listener:Listener",
        cfn="AWS::ElasticLoadBalancingV2::Listener",
        fields=_LISTENER,
        outputs=("arn", "tagsAll"),
        create=_create_listener,
        read=_read_listener,
        update=_update_listener,
        delete=_delete_listener,
    ),
    Resource(
        type="aws:lb/listenerRule:ListenerRule",
        cfn="AWS::ElasticLoadBalancingV2::ListenerRule",
        fields=_RULE,
        outputs=("arn", "tagsAll"),
        create=_create_rule,
        read=_read_rule,
        update=_update_rule,
        delete=_delete_rule,
    ),
)
