"""Uploads objects only if they don't exist yet (S3's conditional writes), in one request or in parts.

With `If-None-Match: *`, S3 answers 412 PreconditionFailed if the key exists, and 409 ConditionalRequestConflict while
another write of it is under way (S3 User Guide, "Add preconditions to S3 operations with conditional requests").
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Callable
from enum import Enum
from typing import IO, TYPE_CHECKING

from botocore.exceptions import ClientError

from release.artifact.archive import Artifact
from release.clients import FAILURES, code

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

MULTIPART_ABOVE = 1 << 30
"""Bytes. S3 computes the SHA-256 only of an object that came in one request; one in parts has to be read for it."""
PART = 16 << 20
ALGORITHM = "SHA256"
"""Sent with each checksum: a bucket with object lock requires it (PutObject's reference)."""
_CONFLICTS = 5


class Outcome(Enum):
    """The result of a conditional write."""

    PUT = "put"
    ALREADY_THERE = "already there"


PUT, ALREADY_THERE = Outcome.PUT, Outcome.ALREADY_THERE


def put_new(s3: S3Client, bucket: str, key: str, body: bytes, content_type: str) -> Outcome:
    """Put a small object unless the key exists. Raises ClientError as PutObject does."""
    checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()

    def put() -> None:
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            ChecksumAlgorithm=ALGORITHM,
            ChecksumSHA256=checksum,
            IfNoneMatch="*",
        )

    return _once(put)


def put_new_file(s3: S3Client, bucket: str, key: str, artifact: Artifact) -> Outcome:
    """Put an artifact unless the key exists, with at most one part in memory. Raises ClientError as S3 does."""
    send = _in_parts if artifact.size > MULTIPART_ABOVE else _whole
    return _once(lambda: send(s3, bucket, key, artifact))


def _once(write: Callable[[], None]) -> Outcome:
    for attempt in range(1, _CONFLICTS + 1):
        try:
            write()
        except ClientError as error:
            if code(error) in {"PreconditionFailed", "412"}:
                return ALREADY_THERE
            if code(error) != "ConditionalRequestConflict" or attempt == _CONFLICTS:
                raise
        else:
            return PUT
    raise AssertionError("the last attempt returns or raises")


def _whole(s3: S3Client, bucket: str, key: str, artifact: Artifact) -> None:
    with artifact.path.open("rb") as body:
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType="application/gzip",
            ChecksumAlgorithm=ALGORITHM,
            ChecksumSHA256=base64.b64encode(bytes.fromhex(artifact.digest)).decode(),
            IfNoneMatch="*",
        )


def _in_parts(s3: S3Client, bucket: str, key: str, artifact: Artifact) -> None:
    upload = s3.create_multipart_upload(
        Bucket=bucket,
        Key=key,
        ContentType="application/gzip",
        ChecksumAlgorithm=ALGORITHM,
    )["UploadId"]
    try:
        with artifact.path.open("rb") as body:
            parts = _send_parts(s3, bucket, key, upload, body)
        s3.complete_multipart_upload(
            Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
        )
    except BaseException:
        # Also on Ctrl-C: the parts of an unfinished upload are invisible, but stored and paid for.
        with contextlib.suppress(*FAILURES):  # the bucket's lifecycle rule removes what is left
            s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        raise


def _send_parts(s3: S3Client, bucket: str, key: str, upload: str, body: IO[bytes]) -> list[CompletedPartTypeDef]:
    parts: list[CompletedPartTypeDef] = []
    while chunk := body.read(PART):
        checksum = base64.b64encode(hashlib.sha256(chunk).digest()).decode()
        number = len(parts) + 1
        answer = s3.upload_part(
            Bucket=bucket,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            Body=chunk,
            ChecksumAlgorithm=ALGORITHM,
            ChecksumSHA256=checksum,
        )
        parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})
    return parts
