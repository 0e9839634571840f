"""Tests of release/preview/refusals.py and locks.py."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from release.errors import StoreError
from release.names import FORESEEN
from release.preview.locks import held
from release.preview.refusals import Holder, refusals

LOCK = {"pid": 42, "username": "kim", "hostname": "laptop", "timestamp": "2026-01-02T03:04:05.678Z"}
KIM = Holder(by="kim@laptop", since="2026-01-02T03:04:05.678Z", pid="42")
KEY = ".pulumi/locks/organization/slipway/prod/11111111-2222-3333-4444-555555555555.json"


def test_what_an_up_refuses():
    """What the program foresees, its errors, and a lock; a quota is only a warning, and other warnings are neither."""
    quota = "VPCs: ask for more (`aws service-quotas request-service-quota-increase …`)"
    found = refusals(
        "prod",
        errors=["web.port: differs\n"],
        warnings=[f"{FORESEEN}fleet web: aaa was rolled back by kim", quota, "the image is old", quota],
        locks=[KIM],
    )
    assert found.certain == (
        "web.port: differs",
        "fleet web: aaa was rolled back by kim",
        "the state of prod is locked by kim@laptop (process 42) since 2026-01-02 03:04 UTC: wait for that to end; only "
        "if it is dead, `pulumi cancel --stack prod`",
    )
    assert found.warned == (quota,)


def test_nothing_in_the_way():
    """An ordinary preview."""
    assert refusals("prod", warnings=["the image is old"]).certain == ()


def test_a_lock_in_a_folder(tmp_path: Path):
    """By whom and since when; one that says nothing is a lock as well, and the locks of other stacks are not."""
    path = tmp_path / KEY
    assert held(f"file://{tmp_path}", "slipway", "prod") == []
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(LOCK))
    (path.parent / "torn.json").write_text("[")
    assert held(f"file://{tmp_path}", "slipway", "prod") == [KIM, Holder(by="", since="", pid="")]
    assert held(f"file://{tmp_path}?no_tmp_dir=true", "slipway", "dr") == []
    assert "somebody" in refusals("prod", locks=[Holder(by="", since="", pid="")]).certain[0]


@pytest.mark.sandbox
def test_a_lock_in_a_bucket(bucket: str):
    """At the top of the bucket or below a prefix, as the URL of the backend has it."""
    boto3.client("s3").put_object(Bucket=bucket, Key=f"deep/{KEY}", Body=json.dumps(LOCK))
    assert held(f"s3://{bucket}/deep?region=eu-west-1&awssdk=v2", "slipway", "prod") == [KIM]
    assert held(f"s3://{bucket}?region=eu-west-1", "slipway", "prod") == []
    with pytest.raises(StoreError, match="no such bucket"):
        held(f"s3://{bucket}-gone?region=eu-west-1", "slipway", "prod")


def test_a_backend_that_has_its_own_locks():
    """Pulumi Cloud and other clouds' storage are not asked."""
    assert held("https://api.pulumi.com", "slipway", "prod") is None
