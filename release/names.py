"""Names, tags and ARNs that infra, the commands and the instances agree on. Pure."""

from __future__ import annotations

import hashlib
import re

STACK_TAG = "slipway:stack"
"""Key of the tag that every resource of a stack has."""
FLEET_TAG = "slipway:fleet"
"""Key of the tag that a fleet's resources have."""
STORE_TAG = "slipway:store"
"""Key of the tag by which an Auto Scaling group names the bucket of its releases."""
RELEASE_TAG = "slipway:release"
"""Key of the tag by which instances and volumes name their release's SHA."""
JOB_TAG = "slipway:job"
"""Key of the tag by which the group of scheduled work tells which it is: such a group is no fleet."""
JOB_FLEET_TAG = "slipway:job-fleet"
"""Key of the tag by which it names the fleet whose release it runs."""
POSTURE_TAG = "slipway:posture"
"""Key of the tag by which an Auto Scaling group tells its posture: what of its stack stands."""
SIZE_TAG = "slipway:size"
"""Key of the tag by which an Auto Scaling group tells its sizes when it is active, as `MIN-MAX`."""
PHASE_TAG = "slipway:phase"
"""Key of the tag by which the instance of a release phase tells the digest of its release."""
EXPIRY_TAG = "slipway:expires"
"""Key of the tag by which the resources of a review stack tell when it may be removed: UTC, as 2026-01-31T03:00:00Z."""
MAINTENANCE_TAG = "slipway:maintenance"
"""Key of the tag that a listener's rules have which put it into maintenance, and which no stack declares."""
IMAGE_OWNER_TAG = "slipway:image-owner"
"""Key of the tag by which a machine image tells whose image it is a copy of, under the same name."""
BOOT_HOOK = "boot"
"""Name of the lifecycle hook that holds an instance until its release answers."""
DRAIN_HOOK = "drain"
"""Name of the lifecycle hook that holds an instance of a fleet without a balancer until its process has ended."""
FORESEEN = "`pulumi up` will be refused: "
"""How a warning in a preview begins that tells what `pulumi up` would refuse."""
REVIEW = "review"
"""What all review stacks together are called: their file (Pulumi.review.yaml), their role, their state's folder."""
REVIEWS = "pr-*"
"""A pattern for the names of all review stacks: what is made of it (`slipway-pr-*-web`) are patterns of their names."""
_DRILL = "-drill"
_RULE = "slipway-to-"


def prefix(stack: str) -> str:
    """Return what most names of a stack's resources begin with."""
    return f"slipway-{stack}"


def folder(stack: str) -> str:
    """Return what the names of a stack's log groups and parameters begin with."""
    return f"/slipway/{stack}"


def bounded(name: str, length: int) -> str:
    """Return the name; if it is longer than `length`, a prefix of it and eight characters of its SHA-256."""
    if len(name) <= length:
        return name
    return f"{name[: length - 9].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def drill_stack(stack: str) -> str:
    """Return the name of the isolated stack that a drill of `stack` brings up, at most 20 characters as any stack's."""
    return f"{bounded(stack, 20 - len(_DRILL))}{_DRILL}"


def is_drill(stack: str) -> bool:
    """Return whether a stack is a drill's: it is gone when the drill ends, and serves nobody."""
    return stack.endswith(_DRILL)


def is_review(stack: str) -> bool:
    """Return whether a stack is named as one for a pull request: `pr-42`."""
    return re.fullmatch(r"pr-[1-9][0-9]{0,8}", stack) is not None


def part_name(stack: str, part: str) -> str:
    """Return the name of something that a stack has one of, or one of in each zone: `vpc`, `nat-eu-west-1a`."""
    return f"{prefix(stack)}-{part}"


def balancer_name(stack: str) -> str:
    return bounded(prefix(stack), 32)


def target_group_name(stack: str, fleet: str, port: int) -> str:
    """Return a name with the port in it: a new port means a new target group, made before the old one goes."""
    return bounded(f"{stack}-{fleet}-{port}", 32)


def target_group_in(arn: str) -> str:
    """Return the name in a target group's ARN."""
    return arn.split("/")[1]


def group_name(stack: str, fleet: str) -> str:
    return f"{prefix(stack)}-{fleet}"


def job_fleet(job: str) -> str:
    """Return what scheduled work is called where fleets have their names."""
    return f"job-{job}"


def job_stream(job: str) -> str:
    """Return the log stream that has how each run of scheduled work began and ended; its output is in those below."""
    return f"schedule/{job}"


def role_name(stack: str, fleet: str, region: str) -> str:
    """Return a name with the region in it, because IAM is global."""
    return bounded(f"{prefix(stack)}-{fleet}-{region}", 64)


def flow_logs_role_name(stack: str, region: str) -> str:
    return bounded(f"{prefix(stack)}-flow-logs-{region}", 64)


def replication_role_name(stack: str, region: str) -> str:
    """Return the name of the role by which S3 replicates the store of a stack, both ways."""
    return bounded(f"{prefix(stack)}-replication-{region}", 64)


def replication_rule(region: str) -> str:
    """Return the id of the rule by which a store is replicated to a region, which it names."""
    return f"{_RULE}{region}"


def region_of_rule(rule: str) -> str | None:
    """Return the region in the id of such a rule, or None if it is a rule of somebody else's."""
    return rule.removeprefix(_RULE) if rule.startswith(_RULE) else None


def exec_document(stack: str) -> str:
    """Return the name of the document by which a stack's instances run commands."""
    return part_name(stack, "exec")


def shell_document(stack: str) -> str:
    """Return the name of the document by which a stack's instances open a terminal."""
    return part_name(stack, "shell")


def log_group_name(stack: str, fleet: str) -> str:
    return f"{folder(stack)}/{fleet}"


def output_group_name(stack: str, fleet: str) -> str:
    """Return the log group of what a fleet's app prints; its streams are `<instance>/<sha>`."""
    return output_of(log_group_name(stack, fleet))


def output_of(log_group: str) -> str:
    """Return the log group of what an app prints, from that of its fleet."""
    return f"{log_group}/output"


def flow_logs_group_name(stack: str) -> str:
    return f"{folder(stack)}-flow-logs"


def parameter_name(stack: str, fleet: str, key: str) -> str:
    return f"{folder(stack)}/{fleet}/{key}"


def notify_parameter_name(stack: str) -> str:
    """Return the name of the parameter that tells commands whom a stack tells of its deploys."""
    return f"{folder(stack)}/notify"


def bucket_name(stack: str, account: str, region: str) -> str:
    """Return the name of the store's bucket, unless the settings name another."""
    return f"{prefix(stack)}-{account}-{region}"


def access_logs_bucket_name(stack: str, account: str, region: str) -> str:
    return f"{prefix(stack)}-logs-{account}-{region}"


def store_logs_bucket_name(stack: str, account: str, region: str) -> str:
    """Return the name of the bucket that takes the access logs of the store, or of its replica, in a region."""
    return f"{prefix(stack)}-s3logs-{account}-{region}"


def alarm_name(stack: str, fleet: str, kind: str) -> str:
    return f"{prefix(stack)}-{fleet}-{kind}"


def partition(region: str) -> str:
    """Return the partition in each ARN of a region: `aws`, `aws-cn` or `aws-us-gov`."""
    for start, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(start):
            return name
    return "aws"


def arn(service: str, region: str, account: str, resource: str) -> str:
    return f"arn:{partition(region)}:{service}:{region}:{account}:{resource}"


def bucket_arn(bucket: str, region: str) -> str:
    return f"arn:{partition(region)}:s3:::{bucket}"


def group_arn(stack: str, fleet: str, *, region: str, account: str) -> str:
    """Return a pattern: the id in the middle of a group's ARN is known only once the group exists."""
    resource = f"autoScalingGroup:*:autoScalingGroupName/{group_name(stack, fleet)}"
    return arn("autoscaling", region, account, resource)


def tags(stack: str, *, name: str | None = None, fleet: str | None = None) -> dict[str, str]:
    """Return the tags of a resource: the stack's, and the fleet's and a name where they are given."""
    given = {STACK_TAG: stack, FLEET_TAG: fleet, "Name": name}
    return {key: value for key, value in given.items() if value is not None}
