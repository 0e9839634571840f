"""A stack that is asked for no release takes the newest good one, and only once it is whole here."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from release.clients import client
from release.errors import ReleaseError
from release.store import fail_back, release_keys
from release.store.event import Event
from release.store.ledger import Ledger
from release.store.releases import Store
from tests.release.store.test_releases import archive, manifest_of

pytestmark = pytest.mark.sandbox

A, B = "a" * 40, "b" * 40


def event(sha: str, stack: str = "prod", **more: Any) -> Event:
    given: dict[str, Any] = {"by": "kim", "fleet": "web", "action": "deploy", "outcome": "succeeded", **more}
    return Event(at=datetime.now(timezone.utc), stack=stack, sha=sha, digest="d" * 64, **given)


def test_what_was_released_in_another_region_is_taken_once_it_has_come_back(bucket: str, tmp_path: Path):
    """Its event may come before its manifest, and that before its artifact: until all is there, it is refused."""
    ledger, store = Ledger(bucket), Store(bucket)
    with pytest.raises(ReleaseError, match="knows of none that served"):
        fail_back.last("prod", ledger, store)
    ledger.record(event(A))
    taken = fail_back.last("prod", ledger, store)
    assert (taken.event.sha, taken.notes) == (A, [])
    ledger.record(event(B, "dr", follows="prod"))
    with pytest.raises(ReleaseError, match=rf"{B}, which dr served since .* has no manifest of it.*SLIPWAY_SHA={A}"):
        fail_back.last("prod", ledger, store)
    artifact = archive(tmp_path / "a", b"two")
    store.publish(artifact, manifest_of(artifact, B))
    taken = fail_back.last("prod", ledger, store)
    assert taken.event.sha == B
    assert taken.notes[0].startswith(f"deploying {B}, which dr served since ")
    client("s3").delete_object(Bucket=bucket, Key=release_keys.artifact(B))
    with pytest.raises(ReleaseError, match="has not come back whole from its region"):
        fail_back.last("prod", ledger, store)
