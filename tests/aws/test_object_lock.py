"""Object lock, as the store uses it: what is put once stays, also in a bucket that had objects before."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from release.store import upload
from tests.aws.emulator import Emulator

pytestmark = pytest.mark.sandbox


def test_a_bucket_that_has_objects_can_be_locked(aws: Emulator):
    """S3 takes it since November 2023, once there are versions; a version that is locked then can't be removed."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="locked", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    with pytest.raises(ClientError, match="InvalidBucketState"):
        s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=lock)
    s3.put_bucket_versioning(Bucket="locked", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="locked", Key="before", Body=b"x")
    s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=lock)
    assert (
        s3.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]["Rule"]["DefaultRetention"].items()
        >= rule["DefaultRetention"].items()
    )
    assert upload.put_new(s3, "locked", "after", b"x", "text/plain") is upload.PUT
    version = s3.head_object(Bucket="locked", Key="after")["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="locked", Key="after", VersionId=version)
