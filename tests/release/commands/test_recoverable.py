"""What `publish` and `list` say of a store in two regions."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import boto3
import pytest

from release.store import release_keys
from release.store.replica import Replica
from tests.release.commands.test_commands import IMAGE, run
from tests.release.conftest import Clone
from tests.release.store import replicated
from tests.release.store.replicated import SECOND, Pair
from tests.waiting import until

pytestmark = pytest.mark.sandbox


@pytest.fixture
def pair(aws: str, monkeypatch: pytest.MonkeyPatch) -> Pair:
    made = replicated.make(f"slipway-{uuid.uuid4().hex[:12]}")
    monkeypatch.setenv("SLIPWAY_BUCKET", made.first)
    return made


@pytest.fixture
def site(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> Clone:
    monkeypatch.chdir(clone.path)
    boto3.client("ec2").register_image(Name="site-1", Architecture="x86_64")
    return clone


def column(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """RECOVERABLE, by SHA."""
    heading, *rows = run(capsys, "list", "--limit", "300")[1].splitlines()
    start = heading.index("RECOVERABLE")
    return {row.split()[0]: row[start:].split()[0] for row in rows}


def test_publishing_says_the_lag(pair: Pair, site: Clone, capsys: pytest.CaptureFixture[str]):
    """It waits until the release is in the other region."""
    pair.replicate()
    sha = site.git("rev-parse", "v1")
    status, out, _ = run(capsys, "publish", "v1", *IMAGE)
    assert status == 0
    assert out.startswith(f"published {sha}, in {SECOND} after ")
    assert column(capsys) == {sha: "yes"}
    assert json.loads(run(capsys, "list", "--json")[1])[0]["recoverable"] == "recoverable"


def test_publishing_in_vain(pair: Pair, site: Clone, capsys: pytest.CaptureFixture[str]):
    """It ends in time, says what is missing, and leaves the release published; unless it is not to wait."""
    pair.replicate(live=False)
    status, out, err = run(capsys, "publish", "v1", *IMAGE, "--wait", "0.5", "--json")
    assert status == 1
    assert json.loads(out)["recoverable"] is False
    assert f"waiting for release {site.git('rev-parse', 'v1')[:12]} in {SECOND}" in err
    assert "is published, but not recoverable" in err
    status, out, _ = run(capsys, "publish", "v1", *IMAGE, "--no-wait")
    assert (status, out) == (0, f"already published {site.git('rev-parse', 'v1')}\n")


def test_the_list_tells_what_is_recoverable(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """What is there, what is not yet, and what is something else."""
    pair.replicate()
    there = [pair.publish(tmp_path, f"{number:040x}") for number in range(10)]
    replica = Replica.of(pair.first, pair.client())
    assert replica
    until(lambda: all(state.recoverable for state in replica.states(there).values()), 60)
    pair.client(SECOND).put_object(
        Bucket=pair.second, Key=release_keys.artifact(there[0].sha), Body=b"x" * 40, ChecksumAlgorithm="SHA256"
    )
    pair.replicate(live=False)
    left = [pair.publish(tmp_path, f"{number:040x}") for number in range(10, 30)]
    assert column(capsys) == {
        **dict.fromkeys((manifest.sha for manifest in there), "yes"),
        **dict.fromkeys((manifest.sha for manifest in left), "no"),
        there[0].sha: "differs!",
    }


def test_a_store_of_one_region_has_nothing_to_say(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A dash in the table, null in JSON."""
    manifest = pair.publish(tmp_path, "a" * 40)
    assert column(capsys) == {manifest.sha: "-"}
    assert json.loads(run(capsys, "list", "--json")[1])[0]["recoverable"] is None
