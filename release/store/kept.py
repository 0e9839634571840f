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
        # S3 computed the checksum itself, unlike the metadata, which is the uploader's.
        checksum = str(head.get("ChecksumSHA256", ""))
        whole = base64.b64decode(checksum).hex() if checksum and not _in_parts(head) else self.read_digest(sha)
        return whole, int(head["ContentLength"])

    def parts(self, sha: str) -> tuple[str, int] | None:
        """Return the checksum of the parts' checksums and the size of an artifact that was put in parts, else None.

        It is not the digest, but the artifact's replica has the same.
        """
        head = self._head(sha)
        if head is None or not head.get("ChecksumSHA256") or not _in_parts(head):
            return None
        return str(head["ChecksumSHA256"]), int(head["ContentLength"])

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


def _in_parts(head: HeadObjectOutputTypeDef) -> bool:
    """Return whether an object was put in parts: its checksum is one of checksums ("…-<parts>", like the ETag)."""
    return "-" in str(head.get("ChecksumSHA256", "")) + str(head["ETag"])
