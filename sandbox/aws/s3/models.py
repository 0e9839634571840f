"""S3's buckets."""

import importlib
import json
from types import ModuleType
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, FakeKey, S3Backend

from sandbox.aws.s3.replication import destinations, replicator


class Bucket(FakeBucket):
    """moto's bucket, whose policy is enforced except for statements with conditions.

    moto takes a condition that it does not support as met (https://github.com/getmoto/moto/pull/8842), so it would
    refuse everything for the usual "deny what isn't TLS"; to AWS the statement applies only if the condition is met:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
    """

    def get_permission(self, action: str, resource: str) -> PermissionResult:
        """Return what the policy's unconditional statements say of an action."""
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        kept = [statement for statement in statements if not statement.get("Condition")]
        if not kept:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({**policy, "Statement": kept})).is_action_permitted(action, resource)


class SandboxS3Backend(S3Backend):
    """moto's S3 with replication."""

    @property
    def _url_module(self) -> ModuleType:
        """Return where the routes are; moto's S3, unlike its other services, doesn't look for them beside the class."""
        return importlib.import_module("sandbox.aws.s3.urls")

    def create_bucket(self, *args: Any, **kwargs: Any) -> FakeBucket:  # noqa: ANN401
        """CreateBucket."""
        bucket = super().create_bucket(*args, **kwargs)
        bucket.__class__ = Bucket  # moto has no place to say which class it builds
        return bucket

    def put_object_lock_configuration(
        self,
        bucket_name: str,
        lock_enabled: bool,
        mode: str | None = None,
        days: int | None = None,
        years: int | None = None,
    ) -> None:
        """PutObjectLockConfiguration; S3, unlike moto, also accepts it for a bucket with objects:

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
        """
        bucket = self.get_bucket(bucket_name)
        if bucket.keys.item_size() == 0 or not bucket.is_versioned:
            super().put_object_lock_configuration(bucket_name, lock_enabled, mode, days, years)
            return
        bucket.object_lock_enabled = bucket.object_lock_enabled or lock_enabled
        bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days, years

    def put_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> FakeKey:  # noqa: ANN401
        """PutObject, and the end of a multipart upload."""
        key = super().put_object(bucket_name, key_name, *args, **kwargs)
        if destinations(self.get_bucket_replication(bucket_name), key_name):
            replicator.add(self, bucket_name, key_name, key.version_id)
        return key

    def replicate(self, bucket_name: str, key_name: str, version_id: str | None) -> None:
        """Copy one object version to every bucket that the rules name, with its metadata and version id."""
        source = self.get_object(bucket_name, key_name, version_id=version_id)
        if source is None:
            return
        for destination in destinations(self.get_bucket_replication(bucket_name), key_name):
            replica = super().put_object(
                destination, key_name, source.value, checksum_value=source.checksum_value, etag=source.etag
            )
            replica._version_id = source.version_id  # pyright: ignore[reportPrivateUsage] - there is no other way
            replica.checksum_algorithm = source.checksum_algorithm
            replica.last_modified = source.last_modified  # a replica is as old as its original
            replica.set_metadata(dict(source.metadata))
