"""sandbox/control/policy_pack.py: what stands for the pack in a sandbox."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from policy import rules
from sandbox import bootstrap
from sandbox.control import policy_pack


def instead(python: Path) -> Callable[[Path], Path]:
    """Stands in for bootstrap.made, which takes a while."""

    def made(_requirements: Path) -> Path:
        return python

    return made


def test_the_plugin_runs_the_pack_with_its_own_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The engine starts the plugin in the pack's folder, with its address first; paths may have spaces."""
    python = tmp_path / "own environment" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(bootstrap, "made", instead(python))

    policy_pack.install(tmp_path / "a sandbox", tmp_path / "plugins")

    own = policy_pack.folder(tmp_path / "a sandbox")
    (plugin,) = (tmp_path / "plugins").glob("analyzer-policy-*/*")
    said = subprocess.run([plugin, "127.0.0.1:1", "."], cwd=own, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == ["-u", "-m", "pulumi.policy", "127.0.0.1:1", str(policy_pack.PACK)]


def test_the_pack_is_the_same_but_for_its_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Version and description are those that users see elsewhere; a second `make up` changes nothing."""
    monkeypatch.setattr(bootstrap, "made", instead(tmp_path / "python"))
    for _ in range(2):
        policy_pack.install(tmp_path, tmp_path / "plugins")
    made = yaml.safe_load((policy_pack.folder(tmp_path) / "PulumiPolicy.yaml").read_text())
    real = yaml.safe_load((policy_pack.PACK / "PulumiPolicy.yaml").read_text())
    assert made == {**real, "runtime": policy_pack.RUNTIME}
    assert real["runtime"]["name"] == "python"


def test_levels_name_rules():
    """Only advisory rules are switched off in a sandbox, and each of them exists."""
    advisory = {rule.id for rule in rules.ALL if rule.level == "advisory"}
    assert set(json.loads(policy_pack.LEVELS.read_text())) <= advisory
