"""Numbers, lists, times and types in the words of a reviewer. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TYPES = {
    "aws:autoscaling/group:Group": "Auto Scaling group",
    "aws:autoscaling/lifecycleHook:LifecycleHook": "lifecycle hook",
    "aws:autoscaling/policy:Policy": "scaling policy",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "metric filter of a log group",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm",
    "aws:ec2/eip:Eip": "Elastic IP address",
    "aws:ec2/natGateway:NatGateway": "NAT gateway",
    "aws:ec2/vpc:Vpc": "VPC",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "VPC endpoint",
    "aws:iam/role:Role": "IAM role",
    "aws:iam/rolePolicy:RolePolicy": "policy of an IAM role",
    "aws:kms/alias:Alias": "alias of a KMS key",
    "aws:kms/key:Key": "KMS key",
    "aws:route53/record:Record": "DNS record",
    "aws:s3/bucket:Bucket": "S3 bucket",
    "aws:ssm/parameter:Parameter": "parameter",
}
_MANY = {
    "bucket ownership controls": "bucket ownership controls",
    "metric filter of a log group": "metric filters of log groups",
    "policy of an IAM role": "policies of IAM roles",
    "alias of a KMS key": "aliases of KMS keys",
}


def count(number: int, one: str) -> str:
    """Return `1 fleet`, `3 fleets`."""
    return f"{number:,} {one if number == 1 else plural(one)}"


def plural(one: str) -> str:
    """Return the plural of what a type is called."""
    if one in _MANY:
        return _MANY[one]
    if re.search(r"[^aeiou]y$", one):
        return f"{one[:-1]}ies"
    return f"{one}es" if re.search(r"(?:s|x|ch|sh)$", one) else f"{one}s"


def verb(number: int, one: str, many: str) -> str:
    """Return the verb that agrees with a number."""
    return one if number == 1 else many


def listed(parts: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def short(sha: str | None) -> str:
    """Return as much of a SHA as people read."""
    return sha[:7] if sha else "not known"


def kind(token: str) -> str:
    """Return what a resource of a type is called: `aws:ec2/launchTemplate:LaunchTemplate` is a `launch template`."""
    name = token.rpartition(":")[2]
    return _TYPES.get(token) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
