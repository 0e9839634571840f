"""A Pulumi program with every resource type that the provider knows. GENERATION=2 changes what can be changed."""

from __future__ import annotations

import base64
import json
import os
from typing import TypeVar

import pulumi
import pulumi_aws as aws

T = TypeVar("T")
CHANGED = os.environ["GENERATION"] == "2"


def policy(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(service: str) -> str:
    return policy(Principal={"Service": f"{service}.amazonaws.com"}, Action="sts:AssumeRole")


def pick(first: T, second: T) -> T:
    return second if CHANGED else first


# The network.
zones = aws.get_availability_zones(state="available").names[:2]
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, tags={"Name": pick("one", "two")})
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
subnets = [
    aws.ec2.Subnet(
        f"subnet-{zone}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{i}.0/24",
        availability_zone=zone,
        map_public_ip_on_launch=not CHANGED,
    )
    for i, zone in enumerate(zones)
]
table = aws.ec2.RouteTable("table", vpc_id=vpc.id)
address = aws.ec2.Eip("address", domain="vpc")
nat = aws.ec2.NatGateway("nat", subnet_id=subnets[0].id, allocation_id=address.id)
aws.ec2.Route(
    "route",
    route_table_id=table.id,
    destination_cidr_block="0.0.0.0/0",
    gateway_id=pick(gateway.id, None),
    nat_gateway_id=pick(None, nat.id),
)
aws.ec2.RouteTableAssociation("association", route_table_id=table.id, subnet_id=subnets[0].id)
aws.ec2.DefaultSecurityGroup("default", vpc_id=vpc.id, ingress=[], egress=[])
web = aws.ec2.SecurityGroup("web", vpc_id=vpc.id, description="web")
aws.vpc.SecurityGroupIngressRule(
    "https",
    security_group_id=web.id,
    ip_protocol="tcp",
    from_port=443,
    to_port=pick(443, 444),
    cidr_ipv4="0.0.0.0/0",
)
storage = aws.ec2.VpcEndpoint(
    "storage",
    vpc_id=vpc.id,
    service_name="com.amazonaws.eu-central-1.s3",
    route_table_ids=[table.id],
    policy=policy(Principal="*", Action=pick("s3:*", "s3:Get*"), Resource="*"),
)
aws.vpc.SecurityGroupEgressRule(
    "storage",
    security_group_id=web.id,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    prefix_list_id=storage.prefix_list_id,
)
aws.ec2.VpcEndpoint(
    "parameters",
    vpc_id=vpc.id,
    service_name="com.amazonaws.eu-central-1.ssm",
    vpc_endpoint_type="Interface",
    subnet_ids=[subnet.id for subnet in subnets],
    security_group_ids=[web.id],
    private_dns_enabled=True,
)
log_key = aws.kms.Key(
    "logs",
    enable_key_rotation=True,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                },
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "logs.eu-central-1.amazonaws.com"},
                    "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                    "Resource": "*",
                },
            ],
        }
    ),
)
aws.cloudwatch.LogGroup("encrypted", kms_key_id=log_key.arn)
logs = aws.cloudwatch.LogGroup("logs", retention_in_days=pick(7, 14))
flow_role = aws.iam.Role("flow", assume_role_policy=trust("vpc-flow-logs"))
aws.ec2.FlowLog("flow", vpc_id=vpc.id, traffic_type="ALL", log_destination=logs.arn, iam_role_arn=flow_role.arn)

# Buckets and keys.
store = aws.s3.Bucket("store", force_destroy=True)
replica = aws.s3.Bucket("replica", bucket_prefix="replica-", force_destroy=True)
versioned = [
    aws.s3.BucketVersioning(name, bucket=bucket.id, versioning_configuration={"status": "Enabled"})
    for name, bucket in (("store", store), ("replica", replica))
]
aws.s3.BucketServerSideEncryptionConfiguration(
    "store",
    bucket=store.id,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}, "bucket_key_enabled": True}],
)
aws.s3.BucketObjectLockConfiguration(
    "store",
    bucket=store.id,
    rule={"default_retention": {"mode": "GOVERNANCE", "days": pick(1, 2)}},
    opts=pulumi.ResourceOptions(depends_on=versioned),
)
aws.s3.BucketPublicAccessBlock("store", bucket=store.id, block_public_acls=True, block_public_policy=not CHANGED)
aws.s3.BucketOwnershipControls("store", bucket=store.id, rule={"object_ownership": "BucketOwnerEnforced"})
aws.s3.BucketPolicy(
    "store",
    bucket=store.id,
    policy=store.arn.apply(lambda arn: policy(Principal="*", Action="s3:Get*", Resource=[arn, f"{arn}/*"])),
)
aws.s3.BucketLifecycleConfiguration(
    "store",
    bucket=store.id,
    rules=[
        {
            "id": "parts",
            "status": "Enabled",
            "abort_incomplete_multipart_upload": {"days_after_initiation": pick(7, 8)},
        },
        {"id": "logs", "status": "Enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 30}},
        {
            "id": "old",
            "status": "Enabled",
            "filter": {"and_": {"prefix": "x/", "tags": {"a": "b", "c": "d"}}},
            "noncurrent_version_expiration": {"noncurrent_days": 90},
        },
    ],
)
delivery = aws.s3.BucketPolicy(
    "replica",
    bucket=replica.id,
    policy=replica.arn.apply(
        lambda arn: policy(
            Principal={"Service": "logging.s3.amazonaws.com"}, Action="s3:PutObject", Resource=f"{arn}/*"
        )
    ),
)
aws.s3.BucketLogging(
    "store",
    bucket=store.id,
    target_bucket=replica.id,
    target_prefix=pick("a/", "b/"),
    opts=pulumi.ResourceOptions(depends_on=[delivery]),
)
copier = aws.iam.Role("copier", assume_role_policy=trust("s3"))
aws.s3.BucketReplicationConfig(
    "store",
    bucket=store.id,
    role=copier.arn,
    rules=[
        {
            "id": "all",
            "status": "Enabled",
            "priority": 1,
            "filter": {"prefix": ""},
            "delete_marker_replication": {"status": "Disabled"},
            "destination": {"bucket": replica.arn, "storage_class": "STANDARD"},
        }
    ],
    opts=pulumi.ResourceOptions(depends_on=versioned),
)
key = aws.kms.Key("key", description=pick("one", "two"), enable_key_rotation=True, deletion_window_in_days=7)
aws.kms.Alias("key", target_key_id=key.id)
secret = aws.ssm.Parameter(
    "secret", type="SecureString", value=pulumi.Output.secret(pick("one", "two")), key_id=key.arn
)
aws.ssm.Parameter("written", type="SecureString", value_wo="unseen", value_wo_version=pick(1, 2))
aws.ssm.Document(
    "document",
    document_type="Command",
    content=json.dumps(
        {
            "schemaVersion": "2.2",
            "mainSteps": [
                {
                    "action": "aws:runShellScript",
                    "name": "say",
                    "inputs": {"runCommand": [pick("echo one", "echo two")]},
                }
            ],
        }
    ),
    tags={"Name": pick("one", "two")},
)

# The fleet.
role = aws.iam.Role("web", assume_role_policy=trust("ec2"), description=pick("one", "two"))
aws.iam.RolePolicy(
    "web",
    role=role.name,
    policy=store.arn.apply(lambda arn: policy(Action=["s3:GetObject"], Resource=[f"{arn}/{pick('a', 'b')}/*"])),
)
managed = aws.iam.Policy(
    "web", policy=policy(Action=pick("ec2:DescribeVpcs", "ec2:DescribeTags"), Resource="*"), tags={"a": pick("1", "2")}
)
aws.iam.RolePolicyAttachment("web", role=role.name, policy_arn=managed.arn)
issuer = aws.iam.OpenIdConnectProvider(
    "issuer", url="https://issuer.example", client_id_lists=["sts.amazonaws.com"], tags={"a": pick("1", "2")}
)
profile = aws.iam.InstanceProfile("web", role=role.name)
template = aws.ec2.LaunchTemplate(
    "web",
    name_prefix="web-",
    image_id="ami-12c6146b",
    instance_type="t3.small",
    user_data=base64.b64encode(pick(b"#!/bin/bash\n", b"#!/bin/sh\n")).decode(),
    iam_instance_profile={"arn": profile.arn},
    metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
    block_device_mappings=[
        {"device_name": "/dev/xvda", "ebs": {"volume_size": 16, "volume_type": "gp3", "encrypted": "true"}}
    ],
    monitoring={"enabled": True},
    ebs_optimized="true",
    update_default_version=True,
    instance_initiated_shutdown_behavior="terminate",
    vpc_security_group_ids=[web.id],
    tag_specifications=[{"resource_type": "instance", "tags": {"Name": "web"}}],
)
balancer = aws.lb.LoadBalancer(
    "web",
    subnets=[subnet.id for subnet in subnets],
    security_groups=[web.id],
    access_logs={"bucket": store.bucket, "enabled": True, "prefix": "lb"},
    idle_timeout=pick(30, 40),
    drop_invalid_header_fields=True,
)
aws.wafv2.WebAclAssociation("web", resource_arn=balancer.arn, web_acl_arn=os.environ["WEB_ACL"])
target = aws.lb.TargetGroup(
    "web",
    port=8080,
    protocol="HTTP",
    vpc_id=vpc.id,
    deregistration_delay=pick(30, 40),
    health_check={"path": pick("/healthz", "/ready"), "interval": 10, "timeout": 5, "matcher": "200"},
)
listener = aws.lb.Listener(
    "web",
    load_balancer_arn=balancer.arn,
    port=80,
    protocol="HTTP",
    default_actions=[
        {
            "type": "fixed-response",
            "fixed_response": {"content_type": "text/plain", "status_code": pick("404", "503"), "message_body": "no"},
        }
    ],
)
aws.lb.Listener(
    "redirect",
    load_balancer_arn=balancer.arn,
    port=8080,
    protocol="HTTP",
    default_actions=[{"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}}],
)
aws.lb.ListenerRule(
    "web",
    listener_arn=listener.arn,
    priority=pick(10, 20),
    actions=[{"type": "forward", "target_group_arn": target.arn}],
    conditions=[
        {"path_pattern": {"values": ["/*"]}},
        {"host_header": {"values": pick(["b.example.com", "a.example.com"], ["c.example.com"])}},
    ],
)
group = aws.autoscaling.Group(
    "web",
    launch_template={"id": template.id, "version": template.latest_version.apply(str)},
    min_size=1,
    max_size=pick(2, 3),
    vpc_zone_identifiers=[subnet.id for subnet in subnets],
    target_group_arns=[target.arn],
    health_check_type="ELB",
    health_check_grace_period=60,
    enabled_metrics=[aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES],
    termination_policies=["OldestLaunchTemplate"],
    instance_maintenance_policy={"min_healthy_percentage": 100, "max_healthy_percentage": 200},
    initial_lifecycle_hooks=[{"name": "boot", "lifecycle_transition": "autoscaling:EC2_INSTANCE_LAUNCHING"}],
    tags=[{"key": "Name", "value": pick("one", "two"), "propagate_at_launch": True}],
    wait_for_capacity_timeout="0",
)
aws.autoscaling.Group(
    "mixed",
    mixed_instances_policy={
        "launch_template": {
            "launch_template_specification": {
                "launch_template_id": template.id,
                "version": template.latest_version.apply(str),
            },
            "overrides": [{"instance_type": "t3.small"}, {"instance_type": "t3a.small"}],
        }
    },
    min_size=0,
    max_size=2,
    vpc_zone_identifiers=[subnet.id for subnet in subnets],
)
aws.autoscaling.Policy(
    "web",
    autoscaling_group_name=group.name,
    policy_type="TargetTrackingScaling",
    target_tracking_configuration={
        "predefined_metric_specification": {
            "predefined_metric_type": "ALBRequestCountPerTarget",
            "resource_label": pulumi.Output.concat(balancer.arn_suffix, "/", target.arn_suffix),
        },
        "target_value": pick(100.0, 200.0),
    },
)
aws.autoscaling.LifecycleHook(
    "drain",
    autoscaling_group_name=group.name,
    lifecycle_transition="autoscaling:EC2_INSTANCE_TERMINATING",
    heartbeat_timeout=pick(90, 120),
    default_result="CONTINUE",
)
aws.cloudwatch.LogMetricFilter(
    "restarts",
    log_group_name=logs.name,
    pattern=pick('{ $.event = "restarted" }', '{ $.event = "ended" }'),
    metric_transformation={"namespace": "Slipway", "name": pick("one", "two"), "value": "1", "unit": "Count"},
)
rule = aws.cloudwatch.EventRule(
    "rule",
    event_pattern=json.dumps({"source": [pick("aws.autoscaling", "aws.ec2")]}),
    description=pick("one", "two"),
    tags={"Name": pick("one", "two")},
)
aws.cloudwatch.EventTarget(
    "rule-target",
    rule=rule.name,
    target_id="topic",
    arn="arn:aws:sns:eu-central-1:123456789012:one",
    input_transformer={"input_paths": {"at": "$.time"}, "input_template": pick('{"at": "<at>"}', '{"when": "<at>"}')},
)
aws.autoscaling.Schedule(
    "mornings",
    autoscaling_group_name=group.name,
    scheduled_action_name="mornings",
    recurrence=pick("0 8 * * 1-5", "30 7 * * 1-5"),
    time_zone="Europe/Berlin",
    min_size=-1,
    max_size=-1,
    desired_capacity=2,
)
aws.cloudwatch.MetricAlarm(
    "errors",
    comparison_operator="GreaterThanThreshold",
    evaluation_periods=2,
    threshold=pick(5, 6),
    alarm_actions=[pick("arn:aws:sns:eu-central-1:123456789012:one", "arn:aws:sns:eu-central-1:123456789012:two")],
    metric_queries=[
        {"id": "rate", "expression": "100 * errors / 2", "label": "rate", "return_data": True},
        {
            "id": "errors",
            "metric": {
                "metric_name": "HTTPCode_Target_5XX_Count",
                "namespace": "AWS/ApplicationELB",
                "period": 60,
                "stat": "Sum",
                "dimensions": {"LoadBalancer": balancer.arn_suffix},
            },
        },
    ],
)

# Names and certificates.
zone = os.environ["ZONE"]
certificate = aws.acm.Certificate("web", domain_name="example.com", validation_method="DNS")
option = certificate.domain_validation_options[0]
proof = aws.route53.Record(
    "proof",
    zone_id=zone,
    name=option.resource_record_name,
    type=option.resource_record_type,
    records=[option.resource_record_value],
    ttl=60,
)
aws.acm.CertificateValidation("web", certificate_arn=certificate.arn, validation_record_fqdns=[proof.fqdn])
check = aws.route53.HealthCheck("web", type="HTTP", fqdn="example.com", port=80, failure_threshold=pick(3, 4))
aws.route53.Record(
    "web",
    zone_id=zone,
    name="www",
    type="A",
    aliases=[{"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": not CHANGED}],
    set_identifier="primary",
    failover_routing_policies=[{"type": "PRIMARY"}],
    health_check_id=check.id,
)

elsewhere = aws.Provider("elsewhere", region="us-east-1", default_tags={"tags": {"team": "recovery"}})
aws.ec2.Vpc("elsewhere", cidr_block="10.1.0.0/16", opts=pulumi.ResourceOptions(provider=elsewhere))
aws.ec2.Vpc("named", cidr_block="10.2.0.0/16", region="us-west-2")

pulumi.export("secret", secret.value)
pulumi.export("vpc", vpc.id)
pulumi.export("target", target.arn)
pulumi.export("template", template.latest_version)
