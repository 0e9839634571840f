"""Names, tags and ARNs, decided in one place. Pure."""

from __future__ import annotations

import hashlib

PROJECT = "slipway"
BOOT_HOOK = "boot"
"""Name of the lifecycle hook that holds an instance until its release answers."""


def bounded(name: str, length: int) -> str:
    """The name, shortened where it is too long to a prefix and eight characters of its SHA-256."""
    if len(name) <= length:
        return name
    return f"{name[: length - 9].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def balancer_name(stack: str) -> str:
    return bounded(f"{PROJECT}-{stack}", 32)


def target_group_name(stack: str, fleet: str, port: int) -> str:
    """The port is part of it: another port means another target group, made before the old one goes."""
    return bounded(f"{stack}-{fleet}-{port}", 32)


def group_name(stack: str, fleet: str) -> str:
    return f"{PROJECT}-{stack}-{fleet}"


def role_name(stack: str, fleet: str, region: str) -> str:
    """IAM is global, so that the region is in the name."""
    return bounded(f"{PROJECT}-{stack}-{fleet}-{region}", 64)


def flow_logs_role_name(stack: str, region: str) -> str:
    return bounded(f"{PROJECT}-{stack}-flow-logs-{region}", 64)


def log_group_name(stack: str, fleet: str) -> str:
    return f"/{PROJECT}/{stack}/{fleet}"


def parameter_name(stack: str, fleet: str, key: str) -> str:
    return f"/{PROJECT}/{stack}/{fleet}/{key}"


def bucket_name(stack: str, account: str, region: str) -> str:
    return f"{PROJECT}-{stack}-{account}-{region}"


def access_logs_bucket_name(stack: str, account: str, region: str) -> str:
    return f"{PROJECT}-{stack}-logs-{account}-{region}"


def alarm_name(stack: str, fleet: str, kind: str) -> str:
    return f"{PROJECT}-{stack}-{fleet}-{kind}"


def partition(region: str) -> str:
    """The first part of each ARN of a region."""
    for prefix, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return name
    return "aws"


def arn(service: str, region: str, account: str, resource: str) -> str:
    return f"arn:{partition(region)}:{service}:{region}:{account}:{resource}"


def bucket_arn(bucket: str, region: str) -> str:
    return f"arn:{partition(region)}:s3:::{bucket}"


def group_arn(stack: str, fleet: str, *, region: str, account: str) -> str:
    """A pattern: the id in the middle of a group's ARN is known only once the group exists."""
    resource = f"autoScalingGroup:*:autoScalingGroupName/{group_name(stack, fleet)}"
    return arn("autoscaling", region, account, resource)


def tags(stack: str, *, name: str | None = None, fleet: str | None = None) -> dict[str, str]:
    """The tags of a resource. Everything has `slipway:stack`, a fleet's resources also `slipway:fleet`."""
    merged = {"slipway:stack": stack}
    if fleet is not None:
        merged["slipway:fleet"] = fleet
    if name is not None:
        merged["Name"] = name
    return merged
