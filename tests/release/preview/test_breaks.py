"""Tests of release/preview/breaks.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from release.preview import breaks
from tests.release.preview.builders import step

BUCKET, VERSIONING = "aws:s3/bucket:Bucket", "aws:s3/bucketVersioning:BucketVersioning"
RESOURCES = Path(__file__).parents[3] / "sandbox" / "provider" / "resources"


@pytest.mark.parametrize(
    ("name", "op", "force", "said"),
    [
        ("artifacts-store-bucket", "replace", False, "Nothing that was published can be deployed or rolled back to"),
        ("artifacts-store-bucket", "delete", True, "All releases and the ledger in it are deleted."),
        ("balancer-access-logs-bucket", "delete", True, "What is in it is deleted as well."),
        ("balancer-access-logs-bucket", "delete", False, "AWS refuses to delete it as long as something is in it."),
    ],
)
def test_a_bucket(name: str, op: str, force: bool, said: str):
    """It depends on what is in it, and on whether that goes along."""
    assert breaks.told(step(op=op, kind=BUCKET, name=name, old={"forceDestroy": force})).startswith(said)


def test_what_stays_in_aws():
    """That is said, and nothing breaks."""
    found = breaks.told(step(op="delete", kind=BUCKET, name="artifacts-store-bucket", kept=True))
    assert found == "It stays in AWS: the stack only lets go of it."
    assert breaks.told(step(op="replace", kind=VERSIONING, kept=True)).endswith("The old one stays in AWS.")


def test_parts_of_what_goes_break_nothing_more():
    """A bucket's versioning goes with it; alone, it is missed."""
    part = step(op="delete", kind=VERSIONING, old={"bucket": "b"})
    bucket = step(op="delete", kind=BUCKET, old={"bucket": "b"})
    assert breaks.told(part, breaks.owners([part])) == "What is overwritten or deleted can't be brought back."
    assert breaks.told(part, breaks.owners([part, bucket])) == ""


def test_every_type_that_is_named_exists():
    """A type that was mistyped would never be found."""
    known = {f"{path.parent.name}/{path.stem.replace('_', '')}" for path in RESOURCES.glob("*/*.py")}
    assert {token.partition(":")[0].lower() for token in breaks._EITHER} <= known
