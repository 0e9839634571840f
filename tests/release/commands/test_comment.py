"""`python -m release comment`, against a server that speaks GitHub's API."""

import io
import json
from collections.abc import Generator
from pathlib import Path

import pytest

from release.__main__ import main
from tests.release.github.hub import TOKEN, Hub, environment, served

BODY = "<!-- slipway:preview stack=prod -->\n### prod\n"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Generator[Hub]:
    with served() as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


def test_a_file_becomes_the_comment(hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The command says what it did, and where the comment is."""
    file = tmp_path / "preview.md"
    file.write_text(BODY)
    assert main(["comment", str(file), "--pull", "7"]) == 0
    assert capsys.readouterr().out == f"created: {hub.url}/pull/7#c\n"
    assert main(["comment", str(file), "--pull", "7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"url": f"{hub.url}/pull/7#c", "action": "unchanged"}
    assert [each["body"] for each in hub.comments[7]] == [BODY]


def test_standard_input(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    """`preview --markdown | comment -`."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BODY.encode())))
    assert main(["comment", "-", "--pull", "7"]) == 0
    assert hub.comments[7][0]["body"] == BODY


@pytest.mark.parametrize(
    ("unset", "arguments", "says"),
    [
        ("GITHUB_TOKEN", ["--pull", "7"], "GITHUB_TOKEN is not set"),
        ("GITHUB_REPOSITORY", ["--pull", "7"], "give --repository"),
        ("NOTHING", ["--pull", "8"], "there is no such thing"),
    ],
)
def test_what_is_missing_is_one_line(
    hub: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    unset: str,
    arguments: list[str],
    says: str,
):
    """No traceback, no token."""
    monkeypatch.delenv(unset, raising=False)
    file = tmp_path / "preview.md"
    file.write_text(BODY)
    assert main(["comment", str(file), *arguments]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert TOKEN not in said
    assert hub.comments[7] == []


def test_a_file_that_is_not_there(hub: Hub, capsys: pytest.CaptureFixture[str]):
    """GitHub is not asked."""
    assert main(["comment", "missing.md", "--pull", "7"]) == 1
    assert "missing.md: can't be read: No such file" in capsys.readouterr().err
    assert hub.asked == []
