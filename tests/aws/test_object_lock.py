"""Object lock, as the store uses it: what is put once stays, also in a bucket that had objects before."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from release.store import upload
from tests.aws.conftest import Aws

pytestmark = pytest.mark.sandbox


def test_a_bucket_that_has_objects_can_be_locked(aws: Aws):
    """S3 takes it since November 2023, once there are versions; a version that is locked then can't be removed."""
    s3, bucket = aws.client("s3"), aws.name()
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    with pytest.raises(ClientError, match="InvalidBucketState"):
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="before", Body=b"x")
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)
    assert (
        s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"].items()
        >= rule["DefaultRetention"].items()
    )
    assert upload.put_new(s3, bucket, "after", b"x", "text/plain") is upload.PUT
    version = s3.head_object(Bucket=bucket, Key="after")["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="after", VersionId=version)
