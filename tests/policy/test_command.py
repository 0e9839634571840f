"""policy/command.py: `python -m policy` over what pulumi printed."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from policy.command import main
from tests.policy.record import FILE


@pytest.fixture
def none(tmp_path: Path) -> str:
    """A file without exceptions."""
    file = tmp_path / "none.yaml"
    file.write_text("")
    return str(file)


def exported(change: dict[str, Any] | None = None) -> str:
    """A state of prod, with an input of the group changed."""
    states = [step["newState"] for step in json.loads(FILE.read_text())["steps"]]
    for state in states:
        if state["urn"].endswith("::web-group"):
            state["inputs"].update(change or {})
    return json.dumps({"version": 3, "deployment": {"resources": states}})


def test_a_state_that_obeys(tmp_path: Path, none: str, capsys: pytest.CaptureFixture[str]):
    """Exit code 0, with how much was asked of how much."""
    file = tmp_path / "state.json"
    file.write_text(exported())
    assert main(["--export", str(file), "--exceptions", none]) == 0
    assert " 0 mandatory and " in capsys.readouterr().out.splitlines()[-1]


def test_a_state_says_what_a_preview_says(
    none: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The same resources, from both documents, give the same."""
    said: list[str] = []
    for option, text in (("--preview", FILE.read_text()), ("--export", exported())):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        main([option, "-", "--json", "--exceptions", none])
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_a_mandatory_violation_fails(none: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Exit code 1; the line has the rule, the resource and what to do."""
    monkeypatch.setattr("sys.stdin", io.StringIO(exported({"desiredCapacity": 6})))
    assert main(["--export", "-", "--exceptions", none]) == 1
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("mandatory: fleet-desired-capacity: web-group: ")
    assert "Fix: leave desiredCapacity out" in first


def test_json_has_all_of_it(none: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """For other programs: rule, level, controls, URN, problem and fix."""
    monkeypatch.setattr("sys.stdin", io.StringIO(exported({"healthCheckType": "EC2"})))
    assert main(["--export", "-", "--json", "--exceptions", none]) == 1
    found = [each for each in json.loads(capsys.readouterr().out) if each["rule"] == "fleet-balancer-health"]
    assert [(each["level"], each["controls"], each["resource"]) for each in found] == [
        ("mandatory", ["AutoScaling.1"], "web-group")
    ]
    assert found[0]["urn"].endswith("::web-group")


def test_strict_fails_for_what_is_advisory(none: str, monkeypatch: pytest.MonkeyPatch):
    """As policy/strict.json does for the engine."""
    for arguments, code in (([], 0), (["--strict"], 1)):
        monkeypatch.setattr("sys.stdin", io.StringIO(exported({"tags": []})))
        assert main(["--export", "-", "--exceptions", none, *arguments]) == code


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the input is not JSON"),
        ("{}", "neither a stack's state nor a preview"),
        ('{"deployment": {"resources": []}}', "no resource"),
        ('{"steps": [], "changeSummary": {"same": 88}}', "leaves out 88 resources that stay"),
    ],
)
def test_what_can_not_be_read(
    text: str, said: str, none: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """One line that says what to give instead, and exit code 1."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert main(["--export", "-", "--exceptions", none]) == 1
    caught = capsys.readouterr()
    assert not caught.out
    assert caught.err.startswith("error: ")
    assert said in caught.err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]):
    """Named, with the reason."""
    assert main(["--export", "/nonexistent/state.json"]) == 1
    assert "/nonexistent/state.json can't be read" in capsys.readouterr().err
