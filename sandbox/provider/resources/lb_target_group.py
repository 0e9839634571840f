"""aws.lb: TargetGroup."""

from __future__ import annotations

from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.lb_attributes import (
    changed_attributes,
    creation_tags,
    read_attributes,
    read_tags,
    update_tags,
)
from sandbox.provider.resources.translate import first, from_aws, to_aws
from sandbox.provider.schema import TAGS, Autoname, Field, Props, Resource, block, flag, number, text

_KEYS = {
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "slowStart": "slow_start.duration_seconds",
}
_HEALTH_CHECK = {
    "enabled": flag(default=True, aws="HealthCheckEnabled"),
    "healthyThreshold": number(default=3, aws="HealthyThresholdCount"),
    "interval": number(default=30, aws="HealthCheckIntervalSeconds"),
    "path": text(computed=True, aws="HealthCheckPath"),
    "port": text(default="traffic-port", aws="HealthCheckPort"),
    "protocol": text(default="HTTP", aws="HealthCheckProtocol"),
    "timeout": number(computed=True, aws="HealthCheckTimeoutSeconds"),
    "unhealthyThreshold": number(default=3, aws="UnhealthyThresholdCount"),
    "matcher": text(computed=True),
}
_STICKINESS = {
    "type": text(required=True),
    "enabled": flag(default=True),
    "cookieDuration": number(default=86400),
    "cookieName": text(),
}
_FIELDS: dict[str, Field] = {
    "name": text(replace=True, computed=True),
    "namePrefix": text(replace=True),
    "port": number(replace=True),
    "protocol": text(replace=True),
    "protocolVersion": text(replace=True, computed=True),
    "vpcId": text(replace=True),
    "targetType": text(default="instance", replace=True),
    "ipAddressType": text(replace=True, computed=True),
    "healthCheck": block(_HEALTH_CHECK, computed=True),
    "stickiness": block(_STICKINESS, computed=True),
    "connectionTermination": flag(computed=True),
    "deregistrationDelay": number(default=300),
    "loadBalancingAlgorithmType": text(computed=True),
    "loadBalancingAnomalyMitigation": text(computed=True),
    "loadBalancingCrossZoneEnabled": text(computed=True),
    "preserveClientIp": text(computed=True),
    "proxyProtocolV2": flag(default=False),
    "slowStart": number(default=0),
    "tags": TAGS,
}
_SETTINGS = ("name", "port", "protocol", "protocolVersion", "vpcId", "targetType", "ipAddressType")


def _create(call: Call, props: Props) -> str:
    reply = call.client("elbv2").create_target_group(
        **to_aws(_FIELDS, props, *_SETTINGS), **_health_check(props), **creation_tags(props)
    )
    arn = str(reply["TargetGroups"][0]["TargetGroupArn"])
    call.created(arn)
    _set_attributes(call, arn, props, None)
    return arn


def _health_check(props: Props) -> dict[str, Any]:
    check: Props = props.get("healthCheck") or {}
    parameters = to_aws(_HEALTH_CHECK, {**check, "matcher": None})
    if check.get("matcher"):
        parameters["Matcher"] = {"HttpCode": check["matcher"]}
    return parameters


def _set_attributes(call: Call, arn: str, props: Props, changed: set[str] | None) -> None:
    attributes = changed_attributes(_KEYS, _FIELDS, props, changed)
    if props.get("stickiness") and (changed is None or "stickiness" in changed):
        attributes += _stickiness(props["stickiness"])
    if attributes:
        call.client("elbv2").modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)


def _stickiness(stickiness: Props) -> list[dict[str, str]]:
    cookie = stickiness["type"]  # lb_cookie or app_cookie; source_ip has no cookie
    values = {"stickiness.enabled": str(stickiness["enabled"]).lower(), "stickiness.type": cookie}
    if cookie in ("lb_cookie", "app_cookie"):
        values[f"stickiness.{cookie}.duration_seconds"] = str(stickiness["cookieDuration"])
    if cookie == "app_cookie":
        values["stickiness.app_cookie.cookie_name"] = stickiness.get("cookieName") or ""
    return [{"Key": k, "Value": v} for k, v in values.items()]


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if "healthCheck" in changed:
        call.client("elbv2").modify_target_group(TargetGroupArn=id_, **_health_check(new))
    _set_attributes(call, id_, new, changed)
    update_tags(call, id_, old, new, changed)


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    elb = call.client("elbv2")
    group = first(elb.describe_target_groups(TargetGroupArns=[id_])["TargetGroups"])
    if group is None:
        return None
    listed = elb.describe_target_group_attributes(TargetGroupArn=id_)["Attributes"]
    attributes = {a["Key"]: a["Value"] for a in listed}
    check = from_aws(_HEALTH_CHECK, group)
    check["matcher"] = (group.get("Matcher") or {}).get("HttpCode")
    return {
        **from_aws(_FIELDS, group, "port", "protocol", "protocolVersion", "vpcId", "targetType"),
        **({"ipAddressType": group["IpAddressType"]} if "IpAddressType" in group else {}),
        "name": group["TargetGroupName"],
        "healthCheck": {k: v for k, v in check.items() if v is not None},
        "stickiness": _read_stickiness(attributes),
        **read_attributes(_KEYS, _FIELDS, attributes),
        "tags": read_tags(call, id_),
        "arn": id_,
        "arnSuffix": id_.rsplit(":", 1)[1],
    }


def _read_stickiness(attributes: dict[str, str]) -> Props | None:
    cookie = attributes.get("stickiness.type")
    if cookie is None:
        return None
    read: Props = {"type": cookie, "enabled": attributes.get("stickiness.enabled") == "true"}
    duration = attributes.get(f"stickiness.{cookie}.duration_seconds")
    if duration is not None:
        read["cookieDuration"] = int(duration)
    if attributes.get("stickiness.app_cookie.cookie_name"):
        read["cookieName"] = attributes["stickiness.app_cookie.cookie_name"]
    return read


def _delete(call: Call, id_: str, state: Props) -> None:
    call.client("elbv2").delete_target_group(TargetGroupArn=id_)


RESOURCES = (
    Resource(
        type="aws:lb/targetGroup:TargetGroup",
        cfn="AWS::ElasticLoadBalancingV2::TargetGroup",
        fields=_FIELDS,
        # Upstream also tells loadBalancerArns, which changes when a listener comes: every refresh would find drift.
        outputs=("arn", "arnSuffix", "tagsAll"),
        autoname=Autoname(length=32),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
