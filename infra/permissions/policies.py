"""The IAM and resource policies, as data. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from release import names

Statement = dict[str, Any]


def document(*statements: Statement) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def assumed_by(*services: str, account: str | None = None) -> dict[str, Any]:
    """Return the trust policy of a role that AWS services assume, limited to the account if one is given."""
    named = services[0] if len(services) == 1 else list(services)
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": named}, "Action": "sts:AssumeRole"}
    if account is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return document(statement)


def instance(
    *,
    stack: str,
    fleet: str,
    region: str,
    account: str,
    bucket: str,
    judges_itself: bool = False,
    output: bool = False,
) -> dict[str, Any]:
    """Return what an instance of a fleet may do: fetch releases, finish its launch, log, read its fleet's secrets.

    An instance that `judges_itself`, as no balancer does, may also call an instance of its group unhealthy. With
    `output`, the CloudWatch agent may also log what the app prints.

    The last statement is what Session Manager needs. AWS's AmazonSSMManagedInstanceCore has it too, but also lets
    the instance read every parameter of the account, the other fleets' secrets among them.
    """
    groups = [names.log_group_name(stack, fleet), *([names.output_group_name(stack, fleet)] if output else [])]
    logs = [names.arn("logs", region, account, f"log-group:{group}:*") for group in groups]
    parameters = names.arn("ssm", region, account, f"parameter{names.parameter_name(stack, fleet, '*')}")
    return document(
        _allow(["s3:GetObject"], f"{names.bucket_arn(bucket, region)}/releases/*/artifact.tar.gz"),
        _allow(
            [
                "autoscaling:CompleteLifecycleAction",
                "autoscaling:RecordLifecycleActionHeartbeat",
                *(["autoscaling:SetInstanceHealth"] if judges_itself else []),
            ],
            names.group_arn(stack, fleet, region=region, account=account),
        ),
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], logs if output else logs[0]),
        _allow(["ssm:GetParameters"], parameters),
        _allow(
            [
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "*",
        ),
    )


def leaves(stack: str, job: str, *, region: str, account: str) -> Statement:
    """Return what an instance that does scheduled work may do with its group: empty it, and end itself."""
    actions = ["SetDesiredCapacity", "SetInstanceProtection", "TerminateInstanceInAutoScalingGroup"]
    arn = names.group_arn(stack, job, region=region, account=account)
    return _allow([f"autoscaling:{action}" for action in actions], arn)


def flow_logs(log_group_arn: str) -> dict[str, Any]:
    return document(
        _allow(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], f"{log_group_arn}:*"),
        _allow(["logs:DescribeLogGroups"], "*"),
    )


def replication(arns: Sequence[str], *, locked: bool, deletes: bool = False) -> dict[str, Any]:
    """Return what S3 may do to replicate each of the buckets to the other, live and in batches.

    Batches read their manifest and write their report below `replication/`. Tags are not replicated, and delete markers
    only with `deletes`.
    Sources: S3 user guide, "Setting up permissions for live replication", "Configuring an IAM role for S3 Batch
    Replication", and, for object lock, "Configuring S3 Object Lock".
    """
    objects = [f"{arn}/*" for arn in arns]
    retention = ["s3:GetObjectRetention", "s3:GetObjectLegalHold"] if locked else []
    removal = ["s3:ReplicateDelete"] if deletes else []
    return document(
        _allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], list(arns)),
        _allow(["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", *retention], objects),
        _allow(["s3:ReplicateObject", *removal, "s3:InitiateReplication"], objects),
        _allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], [f"{arn}/replication/*" for arn in arns]),
    )


def s3_endpoint(account: str) -> dict[str, Any]:
    """Return what may go through the VPC's S3 endpoint: anything on the account's buckets, only reads on others.

    Reading has to stay open, because package repositories (Amazon Linux's own among them) lie in buckets of others;
    writing to a bucket of another account is how data leaves.
    """
    anyone = {"Principal": "*"}
    own = {"Condition": {"StringEquals": {"aws:ResourceAccount": account}}}
    return document(
        {**_allow(["s3:*"], "*"), **anyone, **own},
        {**_allow(["s3:GetObject", "s3:GetObjectVersion"], "*"), **anyone},
    )


def bucket(arn: str, statements: Sequence[Statement] = ()) -> dict[str, Any]:
    """Return a bucket's policy: TLS only, and the given statements."""
    refuse_plain: Statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return document(refuse_plain, *statements)


def store_writers(
    arn: str, *, instances: Sequence[str], publishers: Sequence[str], deployers: Sequence[str]
) -> list[Statement]:
    """Return who may not write the store, whatever IAM says: instances, and whoever is not named if somebody is.

    All are role or user ARNs, with `*` and `?`; where none are named, IAM decides.
    Replication is not stopped: its action is another one.
    """
    wholly = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
    found: list[Statement] = []
    if instances:
        theirs = {"ArnLike": {"aws:PrincipalArn": list(instances)}}
        found.append(_refuse("InstancesOnlyRead", wholly, f"{arn}/*", theirs))
    for sid, prefix, named in (("Publishers", "releases", publishers), ("Deployers", "ledger", deployers)):
        if named:
            others = {"ArnNotLike": {"aws:PrincipalArn": list(named)}}
            found.append(_refuse(f"{sid}Write", ["s3:PutObject"], f"{arn}/{prefix}/*", others))
    return found


def deliver_access_logs(arn: str, *, region: str, account: str) -> Statement:
    """Return what lets load balancers of this account and region write their access logs (ELB user guide)."""
    balancers = names.arn("elasticloadbalancing", region, account, "loadbalancer/*")
    return {
        "Sid": "AccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{arn}/AWSLogs/{account}/*",
        "Condition": {"ArnLike": {"aws:SourceArn": balancers}},
    }


def deliver_bucket_logs(arn: str, *, bucket: str, account: str) -> Statement:
    """Return what lets S3 write a bucket's access logs (S3 user guide, "Permissions for log delivery")."""
    return {
        "Sid": "BucketLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"ArnLike": {"aws:SourceArn": bucket}, "StringEquals": {"aws:SourceAccount": account}},
    }


def _refuse(sid: str, actions: list[str], resource: str, condition: dict[str, Any]) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": resource}
    return {**statement, "Condition": condition}


def _allow(actions: list[str], resource: str | list[str]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
