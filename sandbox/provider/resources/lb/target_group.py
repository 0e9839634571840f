"""aws.lb.TargetGroup."""

from sandbox.provider.kit import Autoname, Call, Props, Resource, deleter, from_aws, new_tags, only, stripped, to_aws
from sandbox.provider.resources.lb import read_tags
from sandbox.provider.resources.lb.attributes import changed_attributes, read_attributes

# Upstream also tells loadBalancerArns, which changes when a listener comes: every refresh would find drift.
RESOURCE = Resource(
    __name__,
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    autoname=Autoname(length=32),
    unserved="lambdaMultiValueHeadersEnabled stickiness targetControlPort targetFailovers targetGroupHealth"
    " targetHealthStates",
    computed="healthCheck.matcher healthCheck.path healthCheck.timeout",
    off="proxyProtocolV2",
    defaults={
        "deregistrationDelay": 300,
        "healthCheck.enabled": True,
        "healthCheck.healthyThreshold": 3,
        "healthCheck.interval": 30,
        "healthCheck.port": "traffic-port",
        "healthCheck.protocol": "HTTP",
        "healthCheck.unhealthyThreshold": 3,
        "slowStart": 0,
        "targetType": "instance",
    },
    names={
        "healthCheck.enabled": "HealthCheckEnabled",
        "healthCheck.healthyThreshold": "HealthyThresholdCount",
        "healthCheck.interval": "HealthCheckIntervalSeconds",
        "healthCheck.path": "HealthCheckPath",
        "healthCheck.port": "HealthCheckPort",
        "healthCheck.protocol": "HealthCheckProtocol",
        "healthCheck.timeout": "HealthCheckTimeoutSeconds",
        "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
    },
)
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
_SETTINGS = ("name", "port", "protocol", "protocolVersion", "vpcId", "targetType", "ipAddressType")
delete = deleter("elbv2", "delete_target_group", "TargetGroupArn")


def create(call: Call, inputs: Props) -> str:
    parameters = {**RESOURCE.to_aws(inputs, *_SETTINGS), **_health_check(inputs), **new_tags(inputs)}
    arn = str(call.client("elbv2").create_target_group(**parameters)["TargetGroups"][0]["TargetGroupArn"])
    call.created(arn)
    _set_attributes(call, arn, inputs, None)
    return arn


def _health_check(inputs: Props) -> Props:
    check: Props = inputs.get("healthCheck") or {}
    parameters = to_aws(RESOURCE.fields["healthCheck"].inner, {**check, "matcher": None})
    return {**parameters, "Matcher": {"HttpCode": check["matcher"]}} if check.get("matcher") else parameters


def _set_attributes(call: Call, arn: str, inputs: Props, changed: set[str] | None) -> None:
    attributes = changed_attributes(RESOURCE, _KEYS, inputs, changed)
    if attributes:
        call.client("elbv2").modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    if "healthCheck" in changed:
        call.client("elbv2").modify_target_group(TargetGroupArn=id_, **_health_check(new))
    _set_attributes(call, id_, new, changed)


def read(call: Call, id_: str, prior: Props) -> Props:
    elb = call.client("elbv2")
    group = only(elb.describe_target_groups(TargetGroupArns=[id_])["TargetGroups"])
    attributes = {a["Key"]: a["Value"] for a in elb.describe_target_group_attributes(TargetGroupArn=id_)["Attributes"]}
    check = from_aws(RESOURCE.fields["healthCheck"].inner, group)
    check["matcher"] = (group.get("Matcher") or {}).get("HttpCode")
    return {
        **RESOURCE.from_aws(group, "port", "protocol", "protocolVersion", "vpcId", "targetType"),
        **({"ipAddressType": group["IpAddressType"]} if "IpAddressType" in group else {}),
        "name": group["TargetGroupName"],
        "healthCheck": stripped(check),
        "stickiness": _read_stickiness(attributes),
        **read_attributes(RESOURCE, _KEYS, attributes),
        "tags": read_tags(call, id_),
        "arn": id_,
        "arnSuffix": id_.rsplit(":", 1)[1],
    }


def _read_stickiness(attributes: dict[str, str]) -> Props | None:
    cookie = attributes.get("stickiness.type")
    if cookie is None:
        return None
    duration = attributes.get(f"stickiness.{cookie}.duration_seconds")
    cookie_name = attributes.get("stickiness.app_cookie.cookie_name") or None
    told = {"cookieDuration": int(duration) if duration else None, "cookieName": cookie_name}
    return {"type": cookie, "enabled": attributes.get("stickiness.enabled") == "true", **stripped(told)}
