"""One sandbox for all of these tests, each of which leaves a good release behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import commit, copy_of_project, git
from tests.reliability.fleet import Fleet


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet of three that serves a good release."""
    folder = tmp_path_factory.mktemp("reliability")
    checkout = copy_of_project(folder / "slipway")
    commit(checkout, "one")
    made = Fleet(checkout)
    made.app = folder / "app"
    made.app.mkdir()
    git(made.app, "init", "--quiet", "--initial-branch=main")
    shutil.copy(Path(__file__).with_name("app.py"), made.app)
    (made.app / "Procfile").write_text("web: exec python3 app.py\n")
    made.configure()
    try:
        made.good()
        yield made
    finally:
        ended = made.run("make", "--no-print-directory", "down")
        assert ended.code == 0, ended.said
