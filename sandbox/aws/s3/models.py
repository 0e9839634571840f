"""S3's buckets."""

import importlib
import json
import secrets
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend

from sandbox.aws.iam.policy import Ask, decide
from sandbox.aws.iam.principals import listed
from sandbox.aws.s3 import replicas, writing
from sandbox.aws.s3 import replication_rules as rules
from sandbox.aws.s3.exceptions import InvalidBucketState, InvalidRequest
from sandbox.aws.s3.replicas import COMPLETED, FAILED, PENDING, REPLICA, Key
from sandbox.aws.s3.replication import Task, replicator
from sandbox.aws.s3.replication_rules import Rule


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

    def _log_permissions_enabled_policy(  # pyright: ignore[reportIncompatibleMethodOverride] - moto's is static
        self, target_bucket: FakeBucket, target_prefix: str | None
    ) -> bool:
        """Return whether S3 may deliver this bucket's logs to the other one (moto knows only the simplest policies)."""
        told = {"aws:SourceArn": self.arn, "aws:SourceAccount": self.account_id, "aws:SecureTransport": "true"}
        resource = f"{target_bucket.arn}/{target_prefix or ''}log"
        policy = json.loads(target_bucket.policy) if target_bucket.policy else {"Statement": []}
        meant = [
            statement
            for statement in listed(policy)
            if statement.get("Principal") in ("*", {"Service": "logging.s3.amazonaws.com"})
        ]
        return decide(meant, Ask(action="s3:PutObject", resource=resource, context=told))


class SandboxS3Backend(S3Backend):
    """moto's S3 with replication."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._put = threading.local()  # what the request that this thread answers has put

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

    def put_bucket_replication(self, bucket_name: str, replication: dict[str, Any]) -> None:
        """PutBucketReplication: both buckets keep versions, or it is refused; `replication` is in the API's form."""
        bucket = self.get_bucket(bucket_name)
        if not bucket.is_versioned:
            raise InvalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
        for problem in rules.problems(replication, bucket_name):
            raise InvalidRequest(problem)
        for name in rules.destinations(replication):
            destination = self._known(name)
            if destination is None:
                raise InvalidRequest("Destination bucket must exist.")
            if not destination.is_versioned:
                raise InvalidRequest("Destination bucket must have versioning enabled.")
        for rule in replication["Rules"]:
            rule.setdefault("ID", secrets.token_urlsafe(36))
        bucket.replication = replication  # pyright: ignore[reportAttributeAccessIssue] - moto keeps it there too

    def put_bucket_versioning(self, bucket_name: str, status: str) -> None:
        """PutBucketVersioning: a bucket that is replicated keeps its versions."""
        if status != "Enabled" and self.get_bucket_replication(bucket_name):
            raise InvalidBucketState()
        super().put_bucket_versioning(bucket_name, status)

    def _known(self, name: str) -> FakeBucket | None:
        try:
            return self.get_bucket(name)
        except MissingBucket:
            return None

    def put_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> FakeKey:  # noqa: ANN401
        """PutObject, CopyObject, and the end of a multipart upload; the rules of this moment decide what is copied."""
        with writing.lock:
            key = super().put_object(bucket_name, key_name, *args, **kwargs)
        key.__class__ = Key
        self._put.versions = [*getattr(self._put, "versions", []), key]
        return key

    def delete_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """DeleteObject: a delete marker is copied where a rule says so, the end of one version never."""
        with writing.lock:
            answer = super().delete_object(bucket_name, key_name, *args, **kwargs)
        marker = self.get_bucket(bucket_name).keys.get(key_name)
        if isinstance(marker, FakeDeleteMarker) and answer[1].get("version-id") == marker.version_id:
            found = self.get_bucket_replication(bucket_name)
            taken = [rule for rule in rules.enabled(found) if rule.delete_markers and rule.takes(key_name, {}, None)]
            self._later(found, bucket_name, marker, taken, marker=True)
        return answer

    def release_puts(self) -> None:
        """Have replicated what the request of this thread has put, now that it is complete."""
        for key in self._put.__dict__.pop("versions", []):
            found = self.get_bucket_replication(key.bucket_name)
            taken = rules.chosen(rules.enabled(found), key.name, self._tags(key), key.encryption)
            if taken:
                key.replication_status = PENDING
                self._later(found, key.bucket_name, key, taken)

    def _later(
        self,
        found: dict[str, Any] | None,
        bucket: str,
        version: FakeKey | FakeDeleteMarker,
        taken: Sequence[Rule],
        *,
        marker: bool = False,
    ) -> None:
        if found and taken:
            task = Task(
                bucket=bucket,
                key=version.name,
                version=version.version_id,
                role=found["Role"],
                rules=taken,
                marker=marker,
            )
            replicator.add(self, [task])

    def _tags(self, key: FakeKey) -> dict[str, str]:
        return self.tagger.get_tag_dict_for_resource(key.arn)

    def replicate_existing(self, bucket_name: str, key_name: str, version_id: str) -> str | None:
        """Copy a version that was there before the rules, as S3 Batch Replication does; return its status then.

        None: it is gone, no rule takes it, or it is a replica itself.
        """
        key, found = self.get_object(bucket_name, key_name, version_id=version_id), None
        if isinstance(key, Key) and key.replication_status != REPLICA:
            found = self.get_bucket_replication(bucket_name)
        taken = rules.chosen(rules.enabled(found), key_name, self._tags(key), key.encryption) if key and found else []
        if not key or not found or not taken:
            return None
        role = str(found["Role"])
        task = Task(bucket=bucket_name, key=key_name, version=version_id, role=role, rules=taken)
        replicator.wait_for_regions(task)
        self.replicate(task)
        return getattr(key, "replication_status", None)

    def replicate(self, task: Task) -> None:
        """Copy one version to every bucket that the rules name, and say on it how that went."""
        versions = self.get_bucket(task.bucket).keys.getlist(task.key, [])
        source = next((each for each in versions if each.version_id == task.version), None)
        if source is None:  # it was deleted before its turn
            return
        with writing.lock:
            done = [self._copy(task, source, rule) for rule in task.rules]
        if isinstance(source, Key):
            source.replication_status = COMPLETED if all(done) else FAILED

    def _copy(self, task: Task, source: FakeKey | FakeDeleteMarker, rule: Rule) -> bool:
        bucket, destination = self.get_bucket(task.bucket), self._known(rule.bucket)
        if destination is None or not destination.is_versioned:
            return False
        if not replicas.allowed(task.role, bucket, destination, source):
            return False
        if task.version in (version.version_id for version in destination.keys.getlist(task.key, [])):
            return True
        if isinstance(source, FakeDeleteMarker):
            if task.key in destination.keys:
                marker = self._set_delete_marker(rule.bucket, task.key)
                marker._version_id, marker.last_modified = source.version_id, source.last_modified  # pyright: ignore[reportPrivateUsage]
        else:
            replica = super().put_object(
                rule.bucket,
                task.key,
                source.value,
                storage=rule.storage_class or source.storage_class,
                etag=source.etag.strip('"'),
                lock_mode=source.lock_mode,
                lock_legal_status=source.lock_legal_status,
                lock_until=source.lock_until,
                checksum_value=source.checksum_value,
            )
            replicas.settle(replica, source)
            self.tagger.copy_tags(source.arn, replica.arn)
        replicas.place(destination, task.key)
        return True
