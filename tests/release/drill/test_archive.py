"""Tests of release/drill/archive.py and evidence.py, with S3 from a server of its own."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from release.drill.archive import Archive
from release.drill.evidence import Bucket
from release.errors import DrillError
from release.store import release_keys
from tests.release.conftest import REGION
from tests.release.drill.reports import SHA, at, report

pytestmark = pytest.mark.sandbox


def test_reports_are_kept_and_listed_newest_first(bucket: str):
    """Three objects each; what is put is what is read; other stacks' and strangers' keys are not among them."""
    archive, s3 = Archive(bucket), boto3.client("s3")
    for days in (0, 31):
        archive.put(report(began=at(days * 86400)))
    archive.put(report(stack="other"))
    s3.put_object(Bucket=bucket, Key="drills/dr/notes/report.json", Body=b"{}")
    assert archive.times("dr") == [at(31 * 86400), at(0)]
    assert archive.newest("dr", 5) == [report(began=at(31 * 86400)), report(began=at(0))]
    assert len(archive.newest("dr", 1)) == 1
    assert archive.times("none") == []
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="drills/dr/20260506T030000Z/")["Contents"]
    assert [each["Key"].rpartition("/")[2] for each in listed] == ["report.json", "report.md", "timeline.svg"]


def test_a_report_is_never_replaced(bucket: str):
    """A second one of the same second is refused, and the first one stays."""
    archive = Archive(bucket)
    where = archive.put(report())
    assert where == f"s3://{bucket}/drills/dr/20260506T030005Z/report.md"
    with pytest.raises(DrillError, match="reports never change"):
        archive.put(report(by="eve"))
    assert archive.newest("dr", 1)[0].by == "ada"


def test_a_report_that_was_changed_is_left_out(bucket: str):
    """It is named in a warning, and hides no other."""
    said: list[str] = []
    archive, s3 = Archive(bucket, warn=said.append), boto3.client("s3")
    archive.put(report())
    archive.put(report(began=at(99)))
    key = "drills/dr/20260506T030005Z/report.json"
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=body.replace(b'"ada"', b'"eve"'))
    assert archive.newest("dr", 5) == [replace(report(), began=at(99))]
    [line] = said
    assert key in line
    assert "was changed after it was written" in line


def test_what_a_bucket_holds(bucket: str):
    """Releases and events with S3's times; drills and others are not compared."""
    s3 = boto3.client("s3")
    for key in (release_keys.manifest(SHA), "ledger/prod/web/x.json", "drills/dr/x/report.json", "other"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    store = Bucket(name=bucket, region=REGION)
    assert set(store.listing().keys) == {release_keys.manifest(SHA), "ledger/prod/web/x.json"}
    assert store.digest("b" * 40) == ""
