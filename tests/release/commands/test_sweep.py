"""`sweep`, with a script in the place of the engine, and what AWS has given."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from release import clock
from release.__main__ import main
from release.review import tagged
from release.review.decide import Tagged

OVER, LATER = "2026-01-28T12:00:00Z", "2026-01-30T12:00:00Z"
ENGINE = """\
#!{python}
import json, pathlib, sys
stacks = {stacks}
command = sys.argv[1:3]
with open({log!r}, "a") as log:
    print(*sys.argv[1:], file=log)
if command == ["stack", "ls"]:
    print(json.dumps([{{"name": name, "resourceCount": count}} for name, count in stacks.items()]))
elif command == ["stack", "export"]:
    if "pr-9" in sys.argv:
        sys.exit("error: failed to load checkpoint: EOF")
    group = {{"type": "aws:ec2/vpc:Vpc", "custom": True, "outputs": {{"tags": {{"slipway:expires": {over!r}}}}}}}
    print(json.dumps({{"deployment": {{"resources": [group], "secrets_providers": {{"state": {{"salt": "v1:a"}}}}}}}}))
"""
Sweep = Callable[..., tuple[int, Any]]


def now(_region: str | None) -> datetime:
    return datetime(2026, 1, 29, tzinfo=timezone.utc)


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sweep:
    """Sweeps these stacks of the backend and of AWS; returns the exit status, and the answer or the error."""
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(clock, "now", now)

    def sweep(*arguments: str, backend: dict[str, int], aws: dict[str, str]) -> tuple[int, Any]:
        program = tmp_path / "pulumi"
        log = str(tmp_path / "log")
        program.write_text(ENGINE.format(python=sys.executable, stacks=backend, log=log, over=OVER))
        program.chmod(0o755)

        def look(_region: str | None, stack: str | None = None) -> dict[str, Tagged]:
            has = {name: Tagged(expires=frozenset({when}), arns=("arn:x",)) for name, when in aws.items()}
            return {name: of for name, of in has.items() if stack in (None, name)}

        monkeypatch.setattr(tagged, "look", look)
        code = main(["sweep", "--json", *arguments])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return sweep


def done(folder: Path) -> list[str]:
    """What the engine was told to do, but for questions."""
    lines = (folder / "log").read_text().splitlines()
    return [
        " ".join(line.split()[:2]) + f" {line.split('--stack ')[1].split()[0]}" for line in lines if "--yes" in line
    ]


def test_what_is_over_goes(sweep: Sweep, tmp_path: Path):
    """What has more time, is named otherwise, or is asked of no AWS, stays."""
    backend = {"prod": 80, "pr-4": 70, "pr-5": 70, "organization/slipway/pr-6": 70, "pr-7": 0}
    code, said = sweep(backend=backend, aws={"prod": OVER, "pr-4": OVER, "pr-5": LATER})
    assert (code, said["at"]) == (0, "2026-01-29T00:00:00Z")
    assert {each["stack"]: each["outcome"] for each in said["stacks"]} == {
        "pr-4": "removed",
        "pr-5": "kept",
        "pr-6": "removed",  # by its state: AWS has nothing of it here
        "pr-7": "listed",
    }
    assert sorted(done(tmp_path)) == ["destroy --yes pr-4", "destroy --yes pr-6", "stack rm pr-4", "stack rm pr-6"]


def test_a_state_that_can_not_be_read_stops_no_other(sweep: Sweep, tmp_path: Path):
    """It is told, and the exit status is 1."""
    code, said = sweep(backend={"pr-4": 70, "pr-9": 70}, aws={"pr-4": OVER})
    assert code == 1
    assert {each["stack"]: each["outcome"] for each in said["stacks"]} == {"pr-4": "removed", "pr-9": "failed"}
    assert "EOF" in said["stacks"][1]["why"]


def test_one_that_is_asked_for_goes_before_its_time(sweep: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By --stack alone: what PULUMI_STACK happens to be decides nothing."""
    monkeypatch.setenv("PULUMI_STACK", "pr-5")
    both = {"backend": {"pr-4": 70, "pr-5": 70}, "aws": {"pr-4": LATER, "pr-5": LATER}}
    assert sweep("--stack", "pr-4", "--dry-run", **both)[1]["stacks"][0]["outcome"] == "to remove"
    assert done(tmp_path) == []
    assert sweep(**both)[0] == 0
    assert done(tmp_path) == []


@pytest.mark.parametrize("stack", ["prod", "pr", "pr-x", "pr-4*", "organization/slipway/prod"])
def test_no_other_stack_can_be_asked_for(sweep: Sweep, stack: str, tmp_path: Path):
    """It is refused before anything is asked."""
    code, said = sweep("--stack", stack, backend={stack: 9}, aws={stack: OVER})
    assert code == 1
    assert "is no review stack, which is named pr-NUMBER" in said
    assert not (tmp_path / "log").exists()


def test_what_is_not_there_is_gone(sweep: Sweep):
    """A pull request that never had a stack is closed like any other."""
    code, said = sweep("--stack", "pr-8", backend={}, aws={})
    assert (code, said["stacks"]) == (0, [])
