"""`fault region`, `fault global`, `fault replication`, `fault git` and `calls`: what they ask for, and of whom."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.control import environment, git_shim, outages
from sandbox.control.calls import table
from sandbox.errors import SandboxError
from sandbox.service import keys

NOW: dict[str, Any] = {"dark": ["us-west-2"], "unreachable": ["eu-west-1"]}


def wanted(*words: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    kinds = parser.add_subparsers(dest="fault")
    outages.add(kinds.add_parser, float)
    return outages.wanted(parser.parse_args(words), NOW)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("region eu-west-1", {"dark": ["us-west-2", "eu-west-1"]}),
        ("region eu-west-1 --calls", {"unreachable": ["eu-west-1"]}),
        ("region eu-west-1 --end", {"dark": ["us-west-2"], "unreachable": []}),
        ("region eu-west-1 --calls --end", {"unreachable": []}),
        ("region us-west-2", {"dark": ["us-west-2"]}),
        ("global", {"global_writes": True}),
        ("global --end", {"global_writes": False}),
        ("replication --lag 2.5", {"replication_lag": 2.5}),
        ("replication --stall", {"replication_stalled": True}),
        ("replication --end", {"replication_lag": 0, "replication_stalled": False}),
    ],
)
def test_each_is_begun_and_ended_by_itself(words: str, asked: dict[str, Any]):
    """One region's outage leaves another's as it is."""
    assert wanted(*words.split()) == asked


@pytest.mark.parametrize("region", ["eu-wst-1", "eu-west-1a", ""])
def test_a_region_that_aws_does_not_have(region: str):
    """The error lists those that it has; a zone's name is recognised."""
    with pytest.raises(SandboxError, match=r"AWS has no region .* it has .*eu-west-1") as error:
        wanted("region", region)
    assert ("fault zone" in str(error.value)) == (region == "eu-west-1a")


def test_git_counts_itself_and_fails_while_its_host_is_dark(tmp_path: Path):
    """Outside of the outage it is the computer's own git."""
    git_shim.install(tmp_path)

    def git() -> subprocess.CompletedProcess[str]:
        command = [str(git_shim.folder(tmp_path) / "git"), "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert git().stdout.startswith("git version")
    git_shim.set_dark(tmp_path, True)
    assert git_shim.is_dark(tmp_path)
    assert (git().returncode, git().stdout) == (128, "")
    assert "fatal: unable to access the git host" in git().stderr
    git_shim.set_dark(tmp_path, False)
    assert git().returncode == 0
    assert git_shim.count(tmp_path, reset=True) == 5
    assert git_shim.count(tmp_path) == 0


def test_machines_have_the_computers_own_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A sandbox that is started from `make shell` doesn't pass its tools' git on."""
    monkeypatch.setenv("PATH", os.environ["PATH"])  # is as it was afterwards
    git_shim.install(tmp_path)
    git_shim.use(tmp_path)
    assert shutil.which("git") == str(git_shim.folder(tmp_path) / "git")
    path = environment.of_processes(tmp_path, keys.fresh())["PATH"]
    assert shutil.which("git", path=path) != str(git_shim.folder(tmp_path) / "git")


def test_counts_are_a_table():
    """A line for each service of each region."""
    lines = list(table({"eu-west-1": {"s3": {"outside": 12, "instances": 3}}}, 0))
    assert lines[1].split() == ["eu-west-1", "s3", "12", "3"]
    assert lines[-1] == "git commands: 0"
