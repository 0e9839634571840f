"""A store in two regions, for tests: two buckets of which each is the other's replica, and releases in it."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.permissions import policies
from release import names
from release.artifact.archive import Artifact
from release.clients import client
from release.store.manifest import Manifest
from release.store.releases import Store
from tests.release.store.test_manifest import MANIFEST

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.literals import BucketLocationConstraintType

FIRST: Final = "eu-west-1"
SECOND: Final = "eu-central-1"
ROLE = "slipway-test-replication-eu-west-1"
TRUST = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}


@dataclass(frozen=True)
class Pair:
    """Two buckets, and their names in the first and the second region."""

    first: str
    second: str

    def client(self, region: str = FIRST) -> S3Client:
        return client("s3", region)

    @property
    def store(self) -> Store:
        return Store(self.first, self.client())

    def replicate(self, *, live: bool = True) -> None:
        """Have each replicated to the other, as the stack declares it; with `live` False nothing new is copied."""
        for bucket, other, region in ((self.first, self.second, SECOND), (self.second, self.first, FIRST)):
            self.client().put_bucket_replication(
                Bucket=bucket,
                ReplicationConfiguration={
                    "Role": f"arn:aws:iam::123456789012:role/{ROLE}",
                    "Rules": [
                        {
                            "ID": names.replication_rule(region),
                            "Priority": 1,
                            "Status": "Enabled" if live else "Disabled",
                            "Filter": {"Prefix": ""},
                            "DeleteMarkerReplication": {"Status": "Disabled"},
                            "Destination": {"Bucket": f"arn:aws:s3:::{other}"},
                        }
                    ],
                },
            )

    def publish(self, folder: Path, sha: str, content: bytes = b"") -> Manifest:
        """Publish a release of the first region."""
        path = folder / sha
        path.write_bytes(content or sha.encode())
        artifact = Artifact(path=path, digest=hashlib.sha256(path.read_bytes()).hexdigest(), size=path.stat().st_size)
        manifest = replace(MANIFEST, sha=sha, digest=artifact.digest, size=artifact.size)
        return self.store.publish(artifact, manifest)


def make(name: str) -> Pair:
    """Make the buckets, not replicated yet."""
    pair = Pair(f"{name}-{FIRST}", f"{name}-{SECOND}")
    _make(pair.client(FIRST), pair.first, FIRST)
    _make(pair.client(SECOND), pair.second, SECOND)
    _allow([f"arn:aws:s3:::{pair.first}", f"arn:aws:s3:::{pair.second}"])
    return pair


def _allow(arns: list[str]) -> None:
    """Make the role, once, and let it replicate these buckets too."""
    iam = client("iam", FIRST)
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(policies.document(TRUST)))
    policy = json.dumps(policies.replication(arns, locked=False))
    iam.put_role_policy(RoleName=ROLE, PolicyName=hashlib.sha256(policy.encode()).hexdigest(), PolicyDocument=policy)


def _make(s3: S3Client, bucket: str, region: BucketLocationConstraintType) -> None:
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
