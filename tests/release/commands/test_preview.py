"""Tests of `release preview`, with a process in the engine's place, and without an AWS that could be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from release.__main__ import main
from release.preview import fingerprint
from tests.release.preview import valid
from tests.release.preview.test_run import engine

DATA = Path(__file__).parents[1] / "preview" / "data"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, whose engine prints what the real one printed; nothing answers in AWS's place."""
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", engine(tmp_path, "").environment["PATH"])
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_MAX_ATTEMPTS": "1",
        "PULUMI_BACKEND_URL": f"file://{tmp_path}",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def run(*arguments: str) -> int:
    return main(["preview", "--no-drift", *arguments])


def test_a_page_without_anyone_to_ask(project: Path, capsys: pytest.CaptureFixture[str]):
    """What the engine says is enough for a page and a fingerprint; what could not be asked is said on it."""
    assert run("--stack", "sandbox", "--markdown", "--fingerprint", "reviewed.json") == 0
    page = capsys.readouterr().out
    valid.check(page)
    assert "**sandbox:** Fleet `web` changes: instances are replaced; nothing is deleted." in page
    assert "#### Not known" in page
    assert fingerprint.from_json((project / "reviewed.json").read_text()).stack == "sandbox"


def test_what_the_program_refuses(project: Path, capsys: pytest.CaptureFixture[str]):
    """Exit status 1, with its reasons, in each form; there is no fingerprint of a part."""
    assert run("--stack", "refused", "--fingerprint", "reviewed.json") == 1
    assert "up refuses: sandbox: 1 problem in the configuration - fleets.web.port" in capsys.readouterr().out
    assert run("--stack", "refused", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["complete"], len(said["refused"]), said["fingerprint"]) == (False, 1, None)
    assert not (project / "reviewed.json").exists()


def test_a_stack_that_is_not_there(capsys: pytest.CaptureFixture[str]):
    """The page says so, so that the comment does."""
    assert run("--stack", "gone", "--markdown") == 1
    page = capsys.readouterr().out
    assert page.startswith("<!-- slipway:preview stack=gone -->")
    assert "no stack named 'gone' found" in page


def test_what_was_reviewed(project: Path, capsys: pytest.CaptureFixture[str]):
    """The same is fine; a file that is none is refused before the engine is started."""
    assert run("--stack", "sandbox", "--fingerprint", "reviewed.json") == 0
    assert run("--stack", "sandbox", "--reviewed", "reviewed.json") == 0
    (project / "reviewed.json").write_text("{}")
    assert run("--stack", "sandbox", "--reviewed", "reviewed.json") == 1
    assert "is no fingerprint" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--json", "--markdown"], "give one of --json and --markdown"), (["--reviewed", "gone"], "gone: can't be read")],
)
def test_wrong_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    """It says which option is wrong."""
    assert run("--stack", "sandbox", *arguments) == 1
    assert said in capsys.readouterr().err


def test_a_folder_without_a_project(project: Path, capsys: pytest.CaptureFixture[str]):
    """It says where to run it."""
    (project / "Pulumi.yaml").unlink()
    assert run() == 1
    assert "there is no Pulumi.yaml in" in capsys.readouterr().err
