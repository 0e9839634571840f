"""What the replica lacks: both buckets are listed in order and compared, with one page of each in memory.

S3 lists keys in the order of their UTF-8 bytes, which is that of Python's strings. A replica has the key, the version,
the size and the ETag of its original, as both buckets are encrypted with S3's own keys (API reference, "Object").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from release.clients import explained

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

FOLDERS = ("drills/", "ledger/", "releases/")
"""What is brought over, in the order in which S3 lists it."""


@dataclass(frozen=True, kw_only=True)
class Original:
    """An object of the store, in its newest version."""

    key: str
    version: str
    etag: str


@dataclass(frozen=True, kw_only=True)
class Left:
    """An object that the replica does not have, or, if `differs`, has with other content."""

    original: Original
    differs: bool


def left(s3: S3Client, bucket: str, there: S3Client, replica: str) -> Iterator[Left]:
    """Yield what replication has left behind, in order. Raises StoreError if either bucket can't be listed."""
    for folder in FOLDERS:
        yield from compare(_originals(s3, bucket, folder), _copies(there, replica, folder))


def compare(originals: Iterable[Original], copies: Iterable[tuple[str, str]]) -> Iterator[Left]:
    """Yield the originals that have no copy, or another one; both are in order, copies are (key, ETag). Pure."""
    remaining = iter(copies)
    copy = next(remaining, None)
    for original in originals:
        while copy and copy[0] < original.key:
            copy = next(remaining, None)
        if copy is None or copy[0] != original.key:
            yield Left(original=original, differs=False)
        elif copy[1] != original.etag:
            yield Left(original=original, differs=True)


def _originals(s3: S3Client, bucket: str, folder: str) -> Iterator[Original]:
    """Yield the objects that are there; a key whose newest version is a delete marker has none."""
    with explained("list its versions", f"bucket {bucket}"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=folder):
            for found in page.get("Versions", []):
                if found["IsLatest"]:
                    yield Original(key=found["Key"], version=found["VersionId"], etag=found["ETag"])


def _copies(s3: S3Client, bucket: str, folder: str) -> Iterator[tuple[str, str]]:
    with explained("list its objects", f"bucket {bucket}"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder):
            for found in page.get("Contents", []):
                yield found["Key"], found["ETag"]
