"""Resources that name their region: made, read, changed and deleted there, whatever region the provider has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from sandbox.provider.__main__ import serve
from tests.aws.emulator import KEYS, Emulator
from tests.aws.playing import running
from tests.sandbox.provider.protocol import Connection

pytestmark = pytest.mark.sandbox

HERE, THERE, ELSEWHERE = "eu-west-1", "eu-central-1", "eu-north-1"
BUCKET, ROLE = "aws:s3/bucket:Bucket", "aws:iam/role:Role"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
ENABLED = {"versioningConfiguration": {"status": "Enabled"}}
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]}
LIFECYCLE = {"rules": [{"id": "x", "status": "Enabled", "expiration": {"days": 30}}]}
OWNERSHIP = {"rule": {"objectOwnership": "BucketOwnerEnforced"}}


def policy(resource: str) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:Delete*", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


PARTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (VERSIONING, ENABLED, {"versioningConfiguration": {"status": "Suspended"}}),
    (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        ENCRYPTION,
        {"rules": [{**ENCRYPTION["rules"][0], "bucketKeyEnabled": True}]},
    ),
    (
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"blockPublicAcls": True},
        {"blockPublicAcls": True, "blockPublicPolicy": True},
    ),
    (
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        OWNERSHIP,
        {"rule": {"objectOwnership": "ObjectWriter"}},
    ),
    (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        LIFECYCLE,
        {"rules": [{**LIFECYCLE["rules"][0], "expiration": {"days": 31}}]},
    ),
    (
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": policy("arn:aws:s3:::b/*")},
        {"policy": policy("arn:aws:s3:::b/x")},
    ),
]


@pytest.fixture(scope="module")
def real() -> Iterator[Emulator]:
    """The sandbox's AWS, whose S3 minds regions."""
    with running() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def beside(real: Emulator) -> Iterator[Connection]:
    """A provider of eu-west-1 in front of it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        server, port = serve(real.url, 0)
    with Connection(port) as connection:
        connection.configure(region=HERE)
        yield connection
    server.stop(grace=None).wait()


def test_a_bucket_in_another_region(beside: Connection, real: Emulator):
    """It is made there and stays there; a refresh keeps the region, and another region is another bucket."""
    news = {"bucket": real.name(), "region": THERE}
    made = beside.create(BUCKET, "replica", news)
    assert (made.state["region"], made.state["bucketRegion"]) == (THERE, THERE)
    assert made.state["bucketRegionalDomainName"].endswith(f".s3.{THERE}.amazonaws.com")
    assert beside.read(made) == made
    tagged = beside.update(made, {**news, "tags": {"a": "b"}})
    assert tagged.state["tags"] == {"a": "b"}
    with pytest.raises(grpc.RpcError, match="exists already"):
        beside.create(BUCKET, "again", {**news, "region": ELSEWHERE})
    reply, _ = beside.diff(tagged, {**news, "tags": {"a": "b"}, "region": ELSEWHERE})
    assert (list(reply.replaces), reply.deleteBeforeReplace) == (["region"], True)
    back, _ = beside.diff(tagged, {"bucket": news["bucket"], "tags": {"a": "b"}})
    assert list(back.replaces) == ["region"]  # without a region it is the provider's
    beside.delete(tagged)
    assert beside.read(tagged) is None


@pytest.mark.parametrize(("type_", "first", "second"), PARTS, ids=[type_.rpartition(":")[2] for type_, *_ in PARTS])
def test_a_buckets_settings_are_made_where_the_bucket_is(
    beside: Connection, real: Emulator, type_: str, first: dict[str, Any], second: dict[str, Any]
):
    """Each through its whole life; in the provider's own region S3 does not find the bucket."""
    name = real.name()
    first, second = (json.loads(json.dumps(each).replace(":::b/", f":::{name}/")) for each in (first, second))
    bucket = beside.create(BUCKET, "replica", {"bucket": name, "region": THERE})
    with pytest.raises(grpc.RpcError, match="PermanentRedirect"):
        beside.create(type_, "astray", {"bucket": name, **first})
    made = beside.create(type_, "part", {"bucket": name, "region": THERE, **first})
    assert made.state["region"] == THERE
    again = beside.read(made)
    assert again is not None
    assert again.state == made.state
    changed = beside.update(made, {"bucket": name, "region": THERE, **second})
    assert not beside.diff(changed, {"bucket": name, "region": THERE, **second})[0].diffs
    assert "region" in beside.diff(changed, {"bucket": name, "region": ELSEWHERE, **second})[0].replaces
    beside.delete(changed)
    beside.delete(bucket)


def test_replication_both_ways_is_declared_by_one_provider(beside: Connection, real: Emulator):
    """Two buckets in two regions, a role that is of no region, and a rule on each side."""
    role = beside.create(ROLE, "copier", {"name": real.name(), "assumeRolePolicy": TRUST})
    assert "region" not in role.state
    names, regions = [real.name(), real.name()], [HERE, THERE]
    made = [beside.create(BUCKET, name, {"bucket": name, "region": r}) for name, r in zip(names, regions, strict=True)]
    made += [
        beside.create(VERSIONING, name, {"bucket": name, "region": region, **ENABLED})
        for name, region in zip(names, regions, strict=True)
    ]
    for name, other, region in zip(names, reversed(names), regions, strict=True):
        rule = {
            "id": "all",
            "status": "Enabled",
            "priority": 1,
            "filter": {"prefix": ""},
            "deleteMarkerReplication": {"status": "Disabled"},
            "destination": {"bucket": f"arn:aws:s3:::{other}", "metrics": {"status": "Enabled"}},
        }
        news = {"bucket": name, "region": region, "role": role.state["arn"], "rules": [rule]}
        rules = beside.create("aws:s3/bucketReplicationConfig:BucketReplicationConfig", name, news)
        again = beside.read(rules)
        assert again is not None
        assert again.state == rules.state
        assert not beside.diff(again, news)[0].diffs
        made.append(rules)
    for each in (*reversed(made), role):
        beside.delete(each)


@pytest.mark.parametrize(("suffix", "region"), [("", HERE), (f"@{THERE}", THERE)])
def test_an_import_may_name_the_region(beside: Connection, real: Emulator, suffix: str, region: str):
    """As upstream: `ID@REGION`; the id in the state is without it."""
    name = real.name()
    made = beside.create(BUCKET, "b", {"bucket": name, "region": region})
    imported = beside.read_reply(BUCKET, "b", f"{name}{suffix}")
    assert imported is not None
    assert (imported.id, imported.state["region"], imported.inputs["region"]) == (name, region, region)
    beside.delete(made)
