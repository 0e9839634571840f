"""What is not used costs nothing: a stack that asks for none of docs/deploy-day.md declares nothing for it."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter

from tests.infra.test_stack import declare

BEFORE = {  # a stack file with one fleet and plain HTTP, before there was any of it
    "autoscaling/group": 1,
    "autoscaling/policy": 1,
    "cloudwatch/logGroup": 2,
    "cloudwatch/metricAlarm": 2,
    "ec2/defaultSecurityGroup": 1,
    "ec2/eip": 3,
    "ec2/flowLog": 1,
    "ec2/internetGateway": 1,
    "ec2/launchTemplate": 1,
    "ec2/natGateway": 3,
    "ec2/route": 4,
    "ec2/routeTable": 4,
    "ec2/routeTableAssociation": 6,
    "ec2/securityGroup": 2,
    "ec2/subnet": 6,
    "ec2/vpc": 1,
    "ec2/vpcEndpoint": 1,
    "iam/instanceProfile": 1,
    "iam/role": 2,
    "iam/rolePolicy": 2,
    "lb/listener": 1,
    "lb/loadBalancer": 1,
    "lb/targetGroup": 1,
    "s3/bucket": 2,
    "s3/bucketLifecycleConfiguration": 2,
    "s3/bucketOwnershipControls": 2,
    "s3/bucketPolicy": 2,
    "s3/bucketPublicAccessBlock": 2,
    "s3/bucketServerSideEncryptionConfiguration": 2,
    "s3/bucketVersioning": 2,
    "vpc/securityGroupEgressRule": 2,
    "vpc/securityGroupIngressRule": 2,
}
MAY = {
    "autoscaling:CompleteLifecycleAction",
    "autoscaling:RecordLifecycleActionHeartbeat",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:GetObject",
    "ssm:GetParameters",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
"""What an instance might do before."""

TOLD = {
    *("SHA", "DIGEST", "BUCKET", "REGION", "FLEET", "GROUP", "HOOK", "LOG_GROUP", "COMMAND", "DEFAULT_PORT"),
    *("HEALTH_PATH", "HEALTH_CODES", "HEALTH_TIMEOUT", "BOOT_TIMEOUT", "ENVIRONMENT", "SECRETS", "PACKAGES"),
}
"""What an instance was told before."""


def test_nothing_is_declared_for_what_is_not_used():
    """No instance, rule, hook, schedule or alarm more than before, by the types of all that is declared."""
    assert Counter(made.type.partition(":")[2].rpartition(":")[0] for made in declare().declared) == BEFORE


def test_an_instance_gets_no_right_for_what_is_not_used():
    """Nor a lifecycle hook beside the one of its boot."""
    (policy,) = (
        made.inputs["policy"]
        for made in declare().declared
        if made.type == "aws:iam/rolePolicy:RolePolicy" and "artifact.tar.gz" in made.inputs["policy"]
    )
    may = {action for each in json.loads(policy)["Statement"] for action in each["Action"]}
    assert may == MAY
    (group,) = declare().of("autoscaling/group").values()
    assert [hook["name"] for hook in group["initialLifecycleHooks"]] == ["boot"]


def test_an_instance_is_told_nothing_of_what_is_not_used():
    """The user data has no part beside the boot script: a running fleet is not replaced for what it does not use."""
    (template,) = declare().of("ec2/launchTemplate").values()
    told = base64.b64decode(template["userData"]).decode()
    assert set(re.findall(r"(?m)^([A-Z_]+)=", told)) == TOLD
