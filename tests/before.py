"""The stack that an earlier version deployed: its files (tests/engine/data/before), and its store in an S3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FILES = Path(__file__).parent / "engine" / "data" / "before"
STORE = FILES / "store"
STACK = "shop"
REGION = "eu-west-1"
BUCKET = "slipway-shop-123456789012-eu-west-1"


def fill(s3: Any) -> None:
    """Make the stack's bucket, with its tag and every object that was in it, the oldest events first."""
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "slipway:stack", "Value": STACK}]})
    for path in sorted(filter(Path.is_file, STORE.rglob("*")), key=lambda path: path.name):
        key = path.relative_to(STORE).as_posix()
        s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes(), ChecksumAlgorithm="SHA256")
