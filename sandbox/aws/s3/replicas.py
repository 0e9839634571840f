"""Make one replica, if S3 may: the role it takes on must be allowed to read the source and to write the destination.

Where it isn't, S3 reports nothing but the object's replication status, FAILED. What the role needs is in the user
guide ("Setting up permissions for live replication"). Not covered: changes of an object's tags, ACL and retention
after it was put, which S3 replicates too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey

from sandbox.aws.iam import principals
from sandbox.aws.iam.policy import Ask
from sandbox.aws.iam.principals import Principal
from sandbox.aws.iam.resources import of_bucket
from sandbox.aws.iam.rights import Rights

PENDING, COMPLETED, FAILED, REPLICA = "PENDING", "COMPLETED", "FAILED", "REPLICA"


class Key(FakeKey):
    """moto's object version with its replication status."""

    replication_status: str | None = None

    @property
    def response_dict(self) -> dict[str, Any]:
        """Return the headers of GetObject and HeadObject."""
        status = {"x-amz-replication-status": self.replication_status} if self.replication_status else {}
        return {**super().response_dict, **status}


def allowed(role: str, source: FakeBucket, destination: FakeBucket, version: FakeKey | FakeDeleteMarker) -> bool:
    """Return whether S3 may copy a version from bucket to bucket with this role (an ARN)."""
    name = role.rpartition("/")[2]
    if not principals.is_trusted("s3.amazonaws.com", name):
        return False
    principal = Principal(role=name, session="s3-replication")
    return all(
        Rights(principal, of_bucket(bucket, principal)).do(ask) for bucket, ask in _asks(source, destination, version)
    )


def _asks(
    source: FakeBucket, destination: FakeBucket, version: FakeKey | FakeDeleteMarker
) -> Iterator[tuple[FakeBucket, Ask]]:
    bucket = f"arn:aws:s3:::{source.name}"
    read, written = f"{bucket}/{version.name}", f"arn:aws:s3:::{destination.name}/{version.name}"
    yield source, Ask(action="s3:GetReplicationConfiguration", resource=bucket)
    yield source, Ask(action="s3:ListBucket", resource=bucket)
    if isinstance(version, FakeDeleteMarker):
        yield destination, Ask(action="s3:ReplicateDelete", resource=written)
        return
    yield source, Ask(action="s3:GetObjectVersionForReplication", resource=read)
    yield source, Ask(action="s3:GetObjectVersionAcl", resource=read)
    if source.object_lock_enabled:
        yield source, Ask(action="s3:GetObjectRetention", resource=read)
        yield source, Ask(action="s3:GetObjectLegalHold", resource=read)
    if "x-amz-tagging-count" in version.response_dict:
        yield source, Ask(action="s3:GetObjectVersionTagging", resource=read)
        yield destination, Ask(action="s3:ReplicateTags", resource=written)
    yield destination, Ask(action="s3:ReplicateObject", resource=written)


def settle(replica: FakeKey, source: FakeKey) -> None:
    """Give a replica what it shares with its source: version, age, metadata, checksum, retention."""
    replica.__class__ = Key
    replica.replication_status = REPLICA  # pyright: ignore[reportAttributeAccessIssue]
    replica._version_id = source.version_id  # pyright: ignore[reportPrivateUsage] - there is no other way
    replica.last_modified = source.last_modified
    replica.multipart = source.multipart
    replica.checksum_algorithm, replica.checksum_type = source.checksum_algorithm, source.checksum_type
    replica.checksum_parts = source.checksum_parts
    replica.set_metadata(dict(source.metadata))


def place(bucket: FakeBucket, name: str) -> None:
    """Put an object's versions in the order of their age: a replica may be older than what is there already."""
    versions = bucket.keys.getlist(name, [])
    bucket.keys.setlist(name, sorted(versions, key=lambda version: version.last_modified))
