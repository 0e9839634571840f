"""What is read of a state, and the project in which the engine removes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import yaml

from release.errors import EngineError
from release.review import backend
from release.review.backend import Backend


@pytest.mark.parametrize(
    ("providers", "lines"),
    [
        ({"type": "passphrase", "state": {"salt": "v1:abc"}}, {"encryptionsalt": "v1:abc"}),
        (
            {"type": "cloud", "state": {"url": "awskms://alias/x?region=eu-west-1", "encryptedkey": "AQID"}},
            {"secretsprovider": "awskms://alias/x?region=eu-west-1", "encryptedkey": "AQID"},
        ),
    ],
)
def test_a_state_says_how_it_is_decrypted(providers: dict[str, object], lines: dict[str, str]):
    """So a sweep needs no stack's file."""
    assert yaml.safe_load(backend.secrets({"secrets_providers": providers})) == lines
    assert backend.secrets({}) == ""


def test_the_project_has_a_name_and_a_backend_and_no_program(tmp_path: Path):
    """Where the project's file names a backend, that is where the stacks are."""
    folder = tmp_path / "bare"
    folder.mkdir()
    project = {"name": "slipway", "runtime": {"name": "python"}, "backend": {"url": "s3://state"}, "config": {}}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    Backend.of(tmp_path, folder, {}, threading.Event())
    made = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    assert made == {"name": "slipway", "runtime": "python", "backend": {"url": "s3://state"}}


def test_another_folder_is_told_so(tmp_path: Path):
    """Before anything is asked."""
    with pytest.raises(EngineError, match=r"has no Pulumi.yaml: run this in Slipway's folder"):
        Backend.of(tmp_path, tmp_path, {}, threading.Event())


@pytest.mark.parametrize("option", ["", "?metadata=skip"])
def test_a_folder_beside_the_project_is_the_same_from_elsewhere(tmp_path: Path, option: str):
    """Pulumi takes `file://./state` from where it is started."""
    assert backend.absolute(f"file://./state{option}", tmp_path) == f"file://{tmp_path}/state{option}"
    for url in (f"file:///state{option}", "file://~", "s3://state/review?region=eu-west-1"):
        assert backend.absolute(url, tmp_path) == url
