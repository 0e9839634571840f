"""Each recipe of docs/apps.md is deployed as it stands there, and serves."""

from __future__ import annotations

import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.conftest import PROJECT, Sandbox, commit, fresh_sandbox, git

APPS = PROJECT / "examples" / "apps"
QUICK = {
    "size": {"min": 2, "max": 4},
    "bootTimeout": 60,
    "drain": 5,
    "health": {"interval": 5, "timeout": 2},
    "rollout": {"warmup": 0, "bake": 0},
}
# What has to be on this machine to build a recipe, and to stand in for the packages that it asks for.
NEEDS = {
    "go": ("go",),
    "express": ("npm", "node"),
    "django": ("python3.12",),
    "rails": ("bundle", "ruby"),
    "static": ("nginx",),
}
SECRETS = {"django": "SECRET_KEY", "rails": "SECRET_KEY_BASE"}
_BLOCK = re.compile(r"^\[`(?P<path>examples/apps/[^`]+)`\][^\n]*\n\n```\w*\n(?P<text>.*?)^```$", re.M | re.S)


def test_the_documentation_shows_the_files_as_they_are():
    shown = {found["path"]: found["text"] for found in _BLOCK.finditer((PROJECT / "docs/apps.md").read_text())}
    assert {path.split("/")[2] for path in shown} == set(NEEDS)
    for path, text in shown.items():
        assert text == (PROJECT / path).read_text(), f"docs/apps.md shows another {path} than there is"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with fresh_sandbox(tmp_path_factory.mktemp("recipes")) as running:
        yield running


def _repository(kind: str, folder: Path) -> Path:
    shutil.copytree(APPS / kind, folder, ignore=shutil.ignore_patterns("node_modules", "vendor", "bin"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, kind)
    return folder


def _merge(into: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """`more` over `into`, level by level."""
    for key, value in more.items():
        into[key] = _merge(into.get(key) or {}, value) if isinstance(value, dict) else value
    return into


def _configure(sandbox: Sandbox, kind: str) -> None:
    """The committed stack file, with the recipe's settings and short times."""
    file = sandbox.checkout / "Pulumi.sandbox.yaml"
    git(sandbox.checkout, "checkout", "--quiet", "--", file.name)
    settings = yaml.safe_load(file.read_text())
    _merge(settings, yaml.safe_load((APPS / kind / "stack.yaml").read_text()))
    fleets = settings["config"]["slipway:fleets"]
    for fleet in fleets.values():
        _merge(fleet, QUICK)
        if kind == "django":  # one database for the release phase, the web and its workers, as a team's own server is
            _merge(fleet, {"environment": {"DATABASE_URL": f"sqlite:///{sandbox.checkout}/shop.sqlite3?timeout=30"}})
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    for fleet in fleets if kind in SECRETS else ():
        path = f"slipway:fleets.{fleet}.secrets.{SECRETS[kind]}"
        ran = sandbox.shell(f"pulumi config set --stack sandbox --path --secret {path} {'x' * 50}")
        assert ran.code == 0, ran.said


def _ask(url: str, path: str = "/") -> tuple[int, str, str]:
    """Status, body and Location of the answer to a client of shop.example.com; redirects are not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_arguments: object, **_more: object) -> None:
            return None

    request = urllib.request.Request(url + path, headers={"Host": "shop.example.com"})
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers.get("Location", "")


@pytest.mark.apps
@pytest.mark.parametrize("kind", NEEDS)
def test_a_recipe_deploys_and_serves(kind: str, sandbox: Sandbox, tmp_path: Path):
    missing = [name for name in NEEDS[kind] if shutil.which(name) is None]
    if missing:
        pytest.skip(f"this machine has no {', '.join(missing)}")
    _configure(sandbox, kind)
    repository = _repository(kind, tmp_path / kind)
    began = time.monotonic()
    ran = sandbox.up(repository=repository)
    if kind == "rails" and "Could not reach host" in ran.said:
        pytest.skip("rubygems.org cannot be reached")
    assert ran.code == 0, ran.said
    print(f"FIGURE {kind}: make up took {time.monotonic() - began:.0f} s")
    sha, url = git(repository, "rev-parse", "HEAD"), sandbox.url()
    assert _ask(url, "/healthz")[:2] == (200, "ok\n")
    status, body, location = _ask(url)
    if kind in ("django", "rails"):  # they redirect to HTTPS, which the health check is exempt from
        assert (status, location) == (301, "https://shop.example.com/")
    else:
        assert status == 200
        assert body.startswith("<!doctype html>") if kind == "static" else sha in body
