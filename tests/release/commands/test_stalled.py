"""Replication is stalled, and 200 releases are published: what is told, what is refused, and how it is mended."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from release.errors import StoreError
from release.store.arrival import Requirement
from release.store.replica import Peer, Replica
from tests.aws.emulator import Emulator
from tests.release.commands.test_commands import run
from tests.release.commands.test_recoverable import column
from tests.release.store import replicated
from tests.release.store.replicated import SECOND, Pair
from tests.waiting import until

pytestmark = [pytest.mark.sandbox, pytest.mark.reliability]


@pytest.fixture
def emulator(aws: str) -> Iterator[Emulator]:
    made = Emulator(int(aws.rpartition(":")[2]))
    yield made
    made.post("faults", {})


@pytest.fixture
def pair(aws: str, monkeypatch: pytest.MonkeyPatch) -> Pair:
    made = replicated.make(f"slipway-{uuid.uuid4().hex[:12]}")
    monkeypatch.setenv("SLIPWAY_BUCKET", made.first)
    made.replicate()
    return made


def requirement(pair: Pair, seconds: float) -> Requirement:
    replica = Replica(Peer(bucket=pair.second, region=SECOND))
    return Requirement(replica=replica, origin=pair.store, seconds=seconds, required=True, insisted=False)


def test_a_stall_of_an_hour(pair: Pair, emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """`list` shows which of 200 are recoverable; a deploy waits its bound and is refused; `replicate` brings the rest,
    while live replication is stalled still; when that goes on, nothing is there twice."""
    there = [pair.publish(tmp_path, f"{number:040x}") for number in range(20)]
    replica = Replica(Peer(bucket=pair.second, region=SECOND))
    until(lambda: all(state.recoverable for state in replica.states(there).values()))
    emulator.post("faults", {"replication_stalled": True})
    left = [pair.publish(tmp_path, f"{number:040x}") for number in range(20, 200)]
    wanted = {manifest.sha: "yes" for manifest in there} | {manifest.sha: "no" for manifest in left}
    assert column(capsys) == wanted
    began, said = time.monotonic(), list[str]()
    with pytest.raises(StoreError, match=f"release {left[-1].sha} is not recoverable"):
        requirement(pair, 2).meet(left[-1], said.append, said.append)
    assert time.monotonic() - began >= 2
    assert not any("job" in line for line in said)
    status, out, err = run(capsys, "replicate")
    assert status == 0, err
    assert out.startswith(f"{3 * len(left)} objects replicated from {pair.first}")
    assert set(column(capsys).values()) == {"yes"}
    assert requirement(pair, 2).meet(left[-1], said.append, said.append) is None
    emulator.post("faults", {})
    last = pair.publish(tmp_path, "f" * 40)
    until(lambda: replica.state(last).recoverable)  # it is the last in the queue
    versions = pair.client(SECOND).list_object_versions(Bucket=pair.second, Prefix=f"releases/{left[0].sha}/")
    assert len(versions["Versions"]) == 2


def test_a_release_that_arrives_late_is_deployed(pair: Pair, emulator: Emulator, tmp_path: Path):
    """Replication goes on while a deploy waits; it says how long that took."""
    emulator.post("faults", {"replication_stalled": True})
    manifest = pair.publish(tmp_path, "a" * 40)
    said: list[str] = []
    goes_on = threading.Timer(1.5, emulator.post, ("faults", {}))
    goes_on.start()
    found = requirement(pair, 60).meet(manifest, said.append, said.append)
    goes_on.join()
    assert str(found).startswith(f"release {manifest.sha} is in {SECOND} after ")
    assert any("has no manifest" in line for line in said)


def test_a_dark_region_holds_up_nothing(
    pair: Pair, emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """`list` shows all releases of this region, within seconds, and says why it knows no more."""
    there = [pair.publish(tmp_path, f"{number:040x}") for number in range(50)]
    emulator.post("faults", {"dark": [SECOND]})
    began = time.monotonic()
    _, out, err = run(capsys, "list", "--limit", "100")
    assert time.monotonic() - began < 30  # each look may take 14 s, and all are at once
    assert out.count(" ?  ") == len(there)
    assert err == f"warning: region {SECOND} does not answer\n"
    status, _, err = run(capsys, "replicate")
    assert status == 1
    assert "could not list its objects" in err
