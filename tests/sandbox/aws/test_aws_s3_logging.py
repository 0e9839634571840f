"""S3's server access logs: who may deliver them, and that they come."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from infra.permissions import policies
from tests.aws.emulator import REGION, Emulator

pytestmark = pytest.mark.sandbox
ACCOUNT = "123456789012"


def bucket(aws: Emulator) -> str:
    """A new bucket."""
    name = aws.name().lower()
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def log(aws: Emulator, source: str, target: str) -> None:
    """Have access to the one logged in the other."""
    status = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": f"{source}/"}}
    aws.client("s3").put_bucket_logging(Bucket=source, BucketLoggingStatus=status)


def test_access_is_logged_where_the_policy_lets_s3_deliver(aws: Emulator):
    """With the policy that the program declares; about another bucket it is refused."""
    s3, source, other, target = aws.client("s3"), bucket(aws), bucket(aws), bucket(aws)
    arn = f"arn:aws:s3:::{target}"
    delivery = policies.deliver_bucket_logs(arn, bucket=f"arn:aws:s3:::{source}", account=ACCOUNT)
    s3.put_bucket_policy(Bucket=target, Policy=json.dumps(policies.bucket(arn, [delivery])))
    log(aws, source, target)
    s3.list_objects_v2(Bucket=source)
    assert s3.list_objects_v2(Bucket=target, Prefix=f"{source}/")["KeyCount"] >= 1
    with pytest.raises(ClientError) as refused:
        log(aws, other, target)
    assert refused.value.response["Error"]["Code"] == "InvalidTargetBucketForLogging"


def test_without_a_policy_nothing_is_delivered(aws: Emulator):
    """S3 says so at once, and logs nothing."""
    source, target = bucket(aws), bucket(aws)
    with pytest.raises(ClientError) as refused:
        log(aws, source, target)
    assert refused.value.response["Error"]["Code"] == "InvalidTargetBucketForLogging"
