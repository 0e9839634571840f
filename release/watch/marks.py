"""What somebody has set on a stack and should not be forgotten: a freeze, maintenance."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from release.maintenance.record import Record
from release.store.freezes import Freezes

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def of(bucket: str, s3: S3Client, stack: str, at: datetime) -> list[str]:
    """Return a line for each that is on at a time. Raises StoreError."""
    freeze = Freezes(bucket, s3).last(stack)
    maintenance = Record(bucket, s3).current(stack)
    return [
        *([str(maintenance)] if maintenance else []),
        *([str(freeze)] if freeze and not freeze.is_over(at) else []),
    ]
