"""Lists the objects of the ledger, and of the notes beside it, whose keys are as ledger_keys.py has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from release.clients import explained
from release.store import ledger_keys
from release.store.ledger_keys import Entry

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ListObjectsV2RequestPaginateTypeDef


def entries(
    s3: S3Client, bucket: str, folder: str, since: datetime | None = None, other: Callable[[str], object] = lambda _: ()
) -> list[Entry]:
    """Return what is below `folder` with a stamp after `since`, in the order of the keys. Raises StoreError.

    `other` gets each key that is not one of ours.
    """
    wanted: ListObjectsV2RequestPaginateTypeDef = {"Bucket": bucket, "Prefix": folder}
    if since:
        wanted["StartAfter"] = folder + ledger_keys.stamp(since)
    with explained("list the ledger", f"bucket {bucket}"):
        pages = s3.get_paginator("list_objects_v2").paginate(**wanted)
        shown = [item for page in pages for item in page.get("Contents", [])]
    found: list[Entry] = []
    for item in shown:
        entry = ledger_keys.entry(item["Key"], folder, item["Size"], item["LastModified"])
        if entry:
            found.append(entry)
        else:
            other(item["Key"])
    return found
