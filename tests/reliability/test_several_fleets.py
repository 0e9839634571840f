"""A stack of two fleets: one that can't boot a release says what both serve, and both get back to one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.engine.conftest import Ran, commit, git
from tests.reliability.fleet import QUICK, Fleet

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(600)]

PROCFILE = """web: exec python3 app.py
api: if [ -e broken ]; then echo no database; exit 1; fi; exec python3 app.py
"""


@pytest.fixture
def two(fleet: Fleet) -> Fleet:
    """The stack file of a second stack, with fleets web and api."""
    settings = yaml.safe_load((fleet.checkout / "Pulumi.sandbox.yaml").read_text())
    del settings["encryptionsalt"]
    fleets = settings["config"]["slipway:fleets"]
    fleets["web"].update(QUICK, size={"min": 2, "max": 4})
    fleets["api"] = {**fleets["web"], "process": "api", "port": 8081, "routes": {"paths": ["/api/*"]}}
    (fleet.checkout / "Pulumi.two.yaml").write_text(yaml.safe_dump(settings))
    return fleet


def up(fleet: Fleet, app: Path, sha: str) -> Ran:
    return fleet.run("make", "--no-print-directory", "up", "STACK=two", f"SHA={sha}", f"REPO={app}")


def serves(fleet: Fleet) -> str:
    return fleet.shell("python -m release status --stack two").said


def test_one_fleet_fails_and_both_get_back_to_one_release(two: Fleet, tmp_path: Path):
    """The error has both fleets and the way back; afterwards both serve the release before, proved by their answers."""
    app = tmp_path / "app"
    app.mkdir()
    git(app, "init", "--quiet", "--initial-branch=main")
    (app / "app.py").write_bytes((two.app / "app.py").read_bytes())
    (app / "mode.txt").write_text("good one\n")
    (app / "Procfile").write_text(PROCFILE)
    good = commit(app, "one")
    (app / "broken").touch()
    bad = commit(app, "two")
    try:
        first = up(two, app, good)
        assert first.code == 0, first.said
        ran = up(two, app, bad)
        assert ran.code != 0
        assert f"api: 2 of 2 instances serve {good}" in ran.said
        assert f"web: 2 of 2 instances serve {bad}" in ran.said
        assert "`python -m release rollback`" in ran.said.split("Now all fleets:")[1]
        back = two.shell("python -m release rollback --stack two")
        assert back.code == 0, back.said
        shown = serves(two)
        assert shown.count(f"2 of 2 instances serve {good}") == 2, shown
        assert bad not in shown.replace(f"deploy of {bad}", "")
    finally:
        destroyed = two.shell("pulumi destroy --yes --skip-preview --non-interactive --stack two")
        assert destroyed.code == 0, destroyed.said
        two.up(two.release("good"), two.app)
