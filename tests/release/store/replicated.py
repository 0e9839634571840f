"""A store in two regions, for tests: two buckets of which each is the other's replica, and releases in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.permissions import policies
from infra.store.replication import SERVICES
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
        role = self.role()
        for bucket, other, region in ((self.first, self.second, SECOND), (self.second, self.first, FIRST)):
            self.client().put_bucket_replication(
                Bucket=bucket,
                ReplicationConfiguration={
                    "Role": role,
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

    def role(self, *services: str) -> str:
        """Make the role as the stack declares it, or for other services; return its ARN."""
        iam, name = client("iam"), f"{self.first}-replication"
        trust = json.dumps(policies.assumed_by(*(services or SERVICES)))
        try:
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
        except iam.exceptions.EntityAlreadyExistsException:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
            return iam.get_role(RoleName=name)["Role"]["Arn"]
        policy = policies.replication([f"arn:aws:s3:::{bucket}" for bucket in (self.first, self.second)], locked=False)
        iam.put_role_policy(RoleName=name, PolicyName="replicate", PolicyDocument=json.dumps(policy))
        return role["Arn"]

    def publish(self, folder: Path, sha: str, content: bytes = b"", *, region: str = FIRST) -> Manifest:
        """Publish a release in one of the regions."""
        path = folder / sha
        path.write_bytes(content or sha.encode())
        artifact = Artifact(path=path, digest=hashlib.sha256(path.read_bytes()).hexdigest(), size=path.stat().st_size)
        manifest = replace(MANIFEST, sha=sha, digest=artifact.digest, size=artifact.size)
        bucket = self.first if region == FIRST else self.second
        return Store(bucket, self.client(region)).publish(artifact, manifest)


def make(name: str) -> Pair:
    """Make the buckets, not replicated yet."""
    pair = Pair(f"{name}-{FIRST}", f"{name}-{SECOND}")
    _make(pair.client(FIRST), pair.first, FIRST)
    _make(pair.client(SECOND), pair.second, SECOND)
    return pair


def _make(s3: S3Client, bucket: str, region: BucketLocationConstraintType) -> None:
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
