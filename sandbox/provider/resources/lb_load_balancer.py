"""aws.lb: LoadBalancer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.lb_attributes import (
    changed_attributes,
    creation_tags,
    read_attributes,
    read_tags,
    update_tags,
)
from sandbox.provider.resources.translate import first, from_aws, stripped, to_aws
from sandbox.provider.schema import TAGS, Autoname, Field, Props, Resource, block, flag, number, text, unordered

_KEYS = {
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
_LOG_KEYS = {"accessLogs": "access_logs.s3", "connectionLogs": "connection_logs.s3"}
_LOGS = {"bucket": text(required=True), "enabled": flag(default=False), "prefix": text()}
_FIELDS: dict[str, Field] = {
    "name": text(replace=True, computed=True),
    "namePrefix": text(replace=True),
    "loadBalancerType": text(default="application", replace=True, aws="Type"),
    "internal": flag(replace=True, computed=True, aws="Scheme"),
    "ipAddressType": text(computed=True),
    "subnets": unordered(computed=True),
    "securityGroups": unordered(computed=True),
    "accessLogs": block(_LOGS),
    "connectionLogs": block(_LOGS),
    "clientKeepAlive": number(default=3600),
    "desyncMitigationMode": text(default="defensive"),
    "dropInvalidHeaderFields": flag(default=False),
    "enableDeletionProtection": flag(default=False),
    "enableHttp2": flag(default=True),
    "enableTlsVersionAndCipherSuiteHeaders": flag(default=False),
    "enableWafFailOpen": flag(default=False),
    "enableXffClientPort": flag(default=False),
    "enableZonalShift": flag(default=False),
    "idleTimeout": number(default=60),
    "preserveHostHeader": flag(default=False),
    "xffHeaderProcessingMode": text(default="append"),
    "tags": TAGS,
}


def _create(call: Call, props: Props) -> str:
    reply = call.client("elbv2").create_load_balancer(
        **to_aws(_FIELDS, props, "name", "loadBalancerType", "ipAddressType", "subnets", "securityGroups"),
        Scheme="internal" if props.get("internal") else "internet-facing",
        **creation_tags(props),
    )
    arn = str(reply["LoadBalancers"][0]["LoadBalancerArn"])
    call.created(arn)
    _set_attributes(call, arn, props, None)
    return arn


def _set_attributes(call: Call, arn: str, props: Props, changed: set[str] | None) -> None:
    attributes = changed_attributes(_KEYS, _FIELDS, props, changed)
    for name, prefix in _LOG_KEYS.items():
        if name in changed if changed is not None else props.get(name):
            logs = props.get(name) or {"enabled": False}
            values = {
                "enabled": str(logs["enabled"]).lower(),
                "bucket": logs.get("bucket"),
                "prefix": logs.get("prefix"),
            }
            attributes += [{"Key": f"{prefix}.{k}", "Value": v} for k, v in stripped(values).items()]
    if attributes:
        call.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)


def _update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    elb = call.client("elbv2")
    if "subnets" in changed:
        elb.set_subnets(LoadBalancerArn=id_, Subnets=new["subnets"])
    if "securityGroups" in changed:
        elb.set_security_groups(LoadBalancerArn=id_, SecurityGroups=new["securityGroups"])
    if "ipAddressType" in changed:
        elb.set_ip_address_type(LoadBalancerArn=id_, IpAddressType=new["ipAddressType"])
    _set_attributes(call, id_, new, changed)
    update_tags(call, id_, old, new, changed)


def _read(call: Call, id_: str, prior: Props) -> Props | None:
    elb = call.client("elbv2")
    balancer = first(elb.describe_load_balancers(LoadBalancerArns=[id_])["LoadBalancers"])
    if balancer is None:
        return None
    listed = elb.describe_load_balancer_attributes(LoadBalancerArn=id_)["Attributes"]
    attributes = {a["Key"]: a["Value"] for a in listed}
    return {
        **from_aws(_FIELDS, balancer, "loadBalancerType", "ipAddressType", "securityGroups"),
        "name": balancer["LoadBalancerName"],
        "internal": balancer["Scheme"] == "internal",
        "subnets": [z["SubnetId"] for z in balancer["AvailabilityZones"]],
        **read_attributes(_KEYS, _FIELDS, attributes),
        **{name: _logs(attributes, prefix) for name, prefix in _LOG_KEYS.items()},
        "tags": read_tags(call, id_),
        **_outputs(balancer),
    }


def _logs(attributes: Mapping[str, str], prefix: str) -> Props | None:
    if not attributes.get(f"{prefix}.bucket"):
        return None
    return {
        "bucket": attributes[f"{prefix}.bucket"],
        "enabled": attributes.get(f"{prefix}.enabled") == "true",
        "prefix": attributes.get(f"{prefix}.prefix") or None,
    }


def _outputs(balancer: Mapping[str, Any]) -> Props:
    return {
        "arn": balancer["LoadBalancerArn"],
        "arnSuffix": balancer["LoadBalancerArn"].split(":loadbalancer/", 1)[1],
        "dnsName": balancer["DNSName"],
        "vpcId": balancer["VpcId"],
        "zoneId": balancer["CanonicalHostedZoneId"],
    }


def _delete(call: Call, id_: str, state: Props) -> None:
    call.client("elbv2").delete_load_balancer(LoadBalancerArn=id_)


RESOURCES = (
    Resource(
        type="aws:lb/loadBalancer:LoadBalancer",
        cfn="AWS::ElasticLoadBalancingV2::LoadBalancer",
        fields=_FIELDS,
        outputs=("arn", "arnSuffix", "dnsName", "tagsAll", "vpcId", "zoneId"),
        autoname=Autoname(length=32),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
