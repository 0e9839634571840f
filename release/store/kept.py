"""The artifacts of a bucket, as S3 knows them."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from release.artifact.archive import file_digest
from release.clients import code, explained
from release.store import release_keys as keys

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What can be asked of artifacts; `nothing` are the codes of errors that mean that there is none."""

    bucket: str
    s3: S3Client
    nothing: Collection[str]

    def stored(self, sha: str) -> tuple[str, int] | None:
        """Return the digest and size of a SHA's artifact, or None if there is no artifact."""
        head = self._head(sha)
        if head is None:
            return None
        checksum = str(head.get("ChecksumSHA256", ""))
        # S3 computed the checksum itself, unlike the metadata, which is the uploader's. After an upload in parts it is
        # a checksum of checksums ("…-<parts>", like the ETag).
        in_parts = "-" in checksum + str(head["ETag"])
        whole = base64.b64decode(checksum).hex() if checksum and not in_parts else self.read_digest(sha)
        return whole, int(head["ContentLength"])

    def fingerprint(self, sha: str) -> tuple[str, int] | None:
        """Return S3's checksum and the size of a SHA's artifact: its replica has the same. None if S3 has none.

        For an artifact that was put in parts it is not the digest, but a checksum of the parts' checksums.
        """
        head = self._head(sha)
        checksum = str(head.get("ChecksumSHA256", "")) if head else ""
        return (checksum, int(head["ContentLength"])) if head and checksum else None

    def read_digest(self, sha: str) -> str:
        """Return the digest of an artifact by reading all of it."""
        key = keys.artifact(sha)
        with explained(f"read {key}", f"bucket {self.bucket}"):
            return file_digest(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"])

    def _head(self, sha: str) -> HeadObjectOutputTypeDef | None:
        key = keys.artifact(sha)
        with explained(f"look at {key}", f"bucket {self.bucket}"):
            try:
                return self.s3.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED")
            except ClientError as error:
                if code(error) in self.nothing:
                    return None
                raise
