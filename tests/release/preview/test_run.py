"""Tests of release/preview/run.py, with a process in the engine's place that prints what the engine printed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from release.engine import Engine
from release.errors import EngineError
from release.preview import run

DATA = Path(__file__).with_name("data")
PULUMI = """\
#!{python}
import os, pathlib, sys
if "--stack" in sys.argv and sys.argv[sys.argv.index("--stack") + 1] == "gone":
    sys.exit("error: no stack named 'gone' found")
assert os.environ["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] == "true" and "--json" in sys.argv, sys.argv
name = "refused" if "refused" in sys.argv else "new-sha"
sys.stdout.write((pathlib.Path({data!r}) / (name + ".jsonl")).read_text())
sys.exit(name == "refused")
"""


def engine(folder: Path, stack: str) -> Engine:
    program = folder / "pulumi"
    program.write_text(PULUMI.format(python=sys.executable, data=str(DATA)))
    program.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return Engine(project=folder, stack=stack, config=folder, environment={**os.environ, "PATH": path})


def test_a_preview_that_failed_is_still_told(tmp_path: Path):
    """What the program refuses is in the page; only where it said nothing is there nothing to show."""
    assert len(run.preview(engine(tmp_path, "sandbox")).steps) == 2
    assert run.preview(engine(tmp_path, "refused")).errors
    with pytest.raises(EngineError, match="pulumi preview: no stack named 'gone' found"):
        run.preview(engine(tmp_path, "gone"))
