"""A batch replication job is followed to its end, and never started twice."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.errors import StoreError
from release.store import batch
from release.store.backlog import Original
from release.store.batch import Batches


class Control:
    """S3 Control with one job, which has these statuses in turn."""

    def __init__(self, *statuses: str, description: str = "slipway: replicate store") -> None:
        self._statuses: Iterator[str] = iter(statuses)
        self._last = statuses[-1]
        self._description = description
        self.now = 0.0

    def list_jobs(self, *, JobStatuses: list[str], NextToken: str = "0", **_: object) -> dict[str, Any]:
        if NextToken == "0":  # the first page is somebody else's
            return {"Jobs": [{"JobId": "other", "Description": "other"}], "NextToken": "1"}
        found = self._last in JobStatuses
        return {"Jobs": [{"JobId": "ours", "Description": self._description}] if found else []}

    def describe_job(self, **_: object) -> dict[str, Any]:
        status = next(self._statuses, self._last)
        done = {"TotalNumberOfTasks": 9, "NumberOfTasksSucceeded": 4, "NumberOfTasksFailed": 1}
        reasons = [{"FailureReason": "no manifest"}] if status == "Failed" else []
        return {"Job": {"Status": status, "ProgressSummary": done, "FailureReasons": reasons}}

    def pause(self, seconds: float) -> None:
        self.now += seconds


def follow(control: Control, seconds: float = 3600) -> list[str]:
    said: list[str] = []
    batches(control).follow("ours", seconds, said.append, clock=lambda: control.now, pause=control.pause)
    return said


def batches(control: Control) -> Batches:
    return Batches(
        bucket="store", account="1" * 12, partition="aws", s3=cast("Any", None), control=cast("Any", control)
    )


def test_a_job_is_followed_to_its_end():
    """With progress; also through a pause, which a job of higher priority causes."""
    said = follow(Control("New", "Preparing", "Active", "Paused", "Active", "Completing", "Complete"))
    assert said[2] == "job ours: Active, 4 of 9 objects, 1 failed (2 of 3600 s)"
    assert len(said) == 6


@pytest.mark.parametrize(("status", "why"), [("Failed", "no manifest"), ("Cancelled", "without a reason")])
def test_a_job_that_fails_is_told_with_its_reason(status: str, why: str):
    """Nothing of it is taken for done."""
    with pytest.raises(StoreError, match=f"job ours is {status}: {why}"):
        follow(Control("Active", status))


def test_a_job_is_followed_only_so_long():
    """It goes on without whoever waited."""
    control = Control("Active")
    with pytest.raises(StoreError, match=r"still Active after 60 s .* it goes on"):
        follow(control, 60)
    assert control.now == 60


@pytest.mark.parametrize(
    ("status", "description", "found"),
    [
        ("Active", "slipway: replicate store", "ours"),
        ("Complete", "slipway: replicate store", None),
        ("Active", "slipway: replicate another", None),
    ],
)
def test_which_job_is_ours(status: str, description: str, found: str | None):
    """One of this bucket that has not ended, on whichever page of the list."""
    assert batches(Control(status, description=description)).under_way() == found


@given(st.lists(st.text(st.characters(blacklist_categories=("Cs",)), min_size=1)))
def test_the_manifest_names_any_key(tmp_path_factory: pytest.TempPathFactory, keys: list[str]):
    """Encoded as S3 wants it: no comma, quote or line end is left in a key."""
    path: Path = tmp_path_factory.mktemp("manifest") / "manifest.csv"
    assert batch.write(path, "store", (Original(key=key, version="v", etag="e") for key in keys)) == len(keys)
    rows = list(csv.reader(path.read_text().splitlines()))
    assert [(bucket, unquote(key), version) for bucket, key, version in rows] == [("store", key, "v") for key in keys]
    assert not any('"' in line for line in path.read_text().splitlines())
