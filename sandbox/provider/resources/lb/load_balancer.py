"""aws.lb.LoadBalancer."""

from sandbox.provider.kit import Autoname, Call, Props, Resource, deleter, new_tags, only
from sandbox.provider.resources.lb import read_tags
from sandbox.provider.resources.lb.attributes import changed_attributes, pair, read_attributes

RESOURCE = Resource(
    __name__,
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    autoname=Autoname(length=32),
    unserved="connectionLogs customerOwnedIpv4Pool dnsRecordClientRoutingPolicy enableCrossZoneLoadBalancing"
    " enablePrefixForIpv6SourceNat enforceSecurityGroupInboundRulesOnPrivateLinkTraffic healthCheckLogs ipamPools"
    " minimumLoadBalancerCapacity secondaryIpsAutoAssignedPerSubnet subnetMappings",
    off="accessLogs.enabled dropInvalidHeaderFields enableDeletionProtection enableTlsVersionAndCipherSuiteHeaders"
    " enableWafFailOpen enableXffClientPort enableZonalShift preserveHostHeader",
    defaults={
        "clientKeepAlive": 3600,
        "desyncMitigationMode": "defensive",
        "enableHttp2": True,
        "idleTimeout": 60,
        "loadBalancerType": "application",
        "xffHeaderProcessingMode": "append",
    },
    names={"internal": "Scheme", "loadBalancerType": "Type"},
)
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
delete = deleter("elbv2", "delete_load_balancer", "LoadBalancerArn")


def create(call: Call, inputs: Props) -> str:
    reply = call.client("elbv2").create_load_balancer(
        **RESOURCE.to_aws(inputs, "name", "loadBalancerType", "ipAddressType", "subnets", "securityGroups"),
        Scheme="internal" if inputs.get("internal") else "internet-facing",
        **new_tags(inputs),
    )
    arn = str(reply["LoadBalancers"][0]["LoadBalancerArn"])
    call.created(arn)
    _set_attributes(call, arn, inputs, None)
    return arn


def _set_attributes(call: Call, arn: str, inputs: Props, changed: set[str] | None) -> None:
    attributes = changed_attributes(RESOURCE, _KEYS, inputs, changed)
    if "accessLogs" in changed if changed is not None else inputs.get("accessLogs"):
        logs = inputs.get("accessLogs") or {"enabled": False}
        attributes += [pair(f"access_logs.s3.{k}", logs[k]) for k in ("enabled", "bucket", "prefix") if k in logs]
    if attributes:
        call.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)


def update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    elb = call.client("elbv2")
    if "subnets" in changed:
        elb.set_subnets(LoadBalancerArn=id_, Subnets=new["subnets"])
    if "securityGroups" in changed:
        elb.set_security_groups(LoadBalancerArn=id_, SecurityGroups=new["securityGroups"])
    if "ipAddressType" in changed:
        elb.set_ip_address_type(LoadBalancerArn=id_, IpAddressType=new["ipAddressType"])
    _set_attributes(call, id_, new, changed)


def read(call: Call, id_: str, prior: Props) -> Props:
    elb = call.client("elbv2")
    balancer = only(elb.describe_load_balancers(LoadBalancerArns=[id_])["LoadBalancers"])
    attributes = {
        a["Key"]: a["Value"] for a in elb.describe_load_balancer_attributes(LoadBalancerArn=id_)["Attributes"]
    }
    return {
        **RESOURCE.from_aws(balancer, "loadBalancerType", "ipAddressType", "securityGroups"),
        "name": balancer["LoadBalancerName"],
        "internal": balancer["Scheme"] == "internal",
        "subnets": [z["SubnetId"] for z in balancer["AvailabilityZones"]],
        **read_attributes(RESOURCE, _KEYS, attributes),
        "accessLogs": _access_logs(attributes),
        "tags": read_tags(call, id_),
        "arn": id_,
        "arnSuffix": id_.split(":loadbalancer/", 1)[1],
        "dnsName": balancer["DNSName"],
        "vpcId": balancer["VpcId"],
        "zoneId": balancer["CanonicalHostedZoneId"],
    }


def _access_logs(attributes: dict[str, str]) -> Props | None:
    logs = {key: attributes.get(f"access_logs.s3.{key}") for key in ("bucket", "enabled", "prefix")}
    return {**logs, "enabled": logs["enabled"] == "true", "prefix": logs["prefix"] or None} if logs["bucket"] else None
