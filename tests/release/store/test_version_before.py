"""The store of a stack that an earlier version deployed: every manifest and event is read, and would be written so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from release.store import event, manifest
from release.store.ledger import Ledger
from release.store.releases import Store
from tests.before import BUCKET, REGION, STACK, STORE, fill

MANIFESTS = sorted(STORE.glob("releases/*/manifest.json"))
EVENTS = sorted(STORE.glob(f"ledger/{STACK}/*/*.json"))
V10, V11, V12, V13 = (
    "0feb2d1f93821aa12a70c7df0526c0839f377a88",
    "f195c7987dd02ce82d7a7348efbc7e0ba0b9ba07",
    "1990e483368b10e1671e60e09ae2db557efc294a",
    "04464132f91a632950e1ad2747fd0d692a093a0d",
)


def test_all_of_it_is_there():
    """Four releases, and ten events for each of the two fleets: the tests below look at each."""
    assert len(MANIFESTS) == 4
    assert len(EVENTS) == 20


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name[:7])
def test_a_manifest_reads_as_it_was_written(path: Path):
    """To the byte, so that neither version changes what the other one says."""
    text = path.read_text()
    read = manifest.from_json(text, "here")
    assert read.sha == path.parent.name
    assert manifest.to_json(read) == text


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: f"{path.parent.name}-{path.stem[-8:]}")
def test_an_event_reads_as_it_was_written(path: Path):
    """Every field of it, in the same order."""
    text = path.read_text()
    read = event.from_json(text, "here")
    assert event.checked(read) == read
    assert list(json.loads(event.to_json(read)).items()) == list(json.loads(text).items())


@pytest.fixture(scope="module")
def store_of_before(aws_endpoint: str) -> Any:
    """The bucket in an S3, as an S3 client."""
    s3 = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=aws_endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    fill(s3)
    return s3


@pytest.mark.sandbox
def test_its_releases_are_found(store_of_before: Any):
    """By SHA, by tag and in the list; and each archive is the one of its manifest."""
    store = Store(BUCKET, store_of_before)
    listed = {release.sha: release.tags for release in store.list()}
    assert listed == {V10: ("v1.0",), V11: ("v1.1",), V12: ("v1.2",), V13: ("v1.3",)}
    assert [release.sha for release in store.by_tag("v1.1")] == [V11]
    assert [release.sha for release in store.by_prefix(V12[:7])] == [V12]
    for sha in listed:
        found = store.manifest(sha)
        assert found
        store.verify(found)


@pytest.mark.sandbox
def test_its_ledger_is_read(store_of_before: Any):
    """What served, what was rolled back and what failed, and not one warning."""
    warnings: list[str] = []
    ledger = Ledger(BUCKET, store_of_before, warn=warnings.append)
    assert ledger.stacks() == [STACK]
    assert ledger.fleets(STACK) == ["api", "web"]
    assert len(ledger.history(STACK, limit=100)) == len(EVENTS)
    told = [(seen.action, seen.sha, seen.outcome) for seen in reversed(ledger.history(STACK, "web"))]
    assert told == [
        ("deploy", V10, "succeeded"),
        ("deploy", V11, "started"),
        ("deploy", V11, "succeeded"),
        ("rollback", V10, "started"),
        ("rollback", V10, "succeeded"),
        ("deploy", V11, "rolled-back"),
        ("deploy", V12, "started"),
        ("deploy", V12, "failed"),
        ("deploy", V13, "started"),
        ("deploy", V13, "succeeded"),
    ]
    last = ledger.last_good(STACK)
    assert last
    assert last.sha == V13
    assert {fleet: seen.sha for fleet, seen in ledger.live(STACK).items()} == {"api": V13, "web": V13}
    assert [len(ledger.digests(sha)) for sha in (V10, V11, V12, V13)] == [1, 1, 0, 1]
    assert not warnings
