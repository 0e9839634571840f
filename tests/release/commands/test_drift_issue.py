"""`drift --issue`: one issue as long as there is drift, against a server that speaks GitHub's API."""

from collections.abc import Generator

import pytest

from release.__main__ import main
from release.commands.drift import keep
from release.github.api import GitHub
from release.github.place import place
from release.preview.drift import Drift, Drifted
from tests.release.github.hub import TOKEN, Hub, environment, served

FOUND = Drift(drifted=(Drifted(urn="u", type="aws:s3/bucket:Bucket", name="store", gone=True, undo="make it"),))


@pytest.fixture
def hub() -> Generator[Hub]:
    with served() as running:
        yield running


@pytest.fixture
def github(hub: Hub) -> GitHub:
    return GitHub(place(environment(hub), None), TOKEN)


def test_the_issue_lives_as_long_as_the_drift(hub: Hub, github: GitHub):
    """It is opened, left while nothing changes, and closed once nothing is different."""
    assert keep(github, "prod", FOUND) == f"issue: created {hub.issues[0]['html_url']}"
    assert keep(github, "prod", FOUND).startswith("issue: unchanged")
    assert keep(github, "dr", Drift()) == "issue: none"
    assert hub.issues[0]["title"] == "prod: changed in AWS by hand"
    assert keep(github, "prod", Drift()).startswith("issue: closed")
    assert keep(github, "prod", Drift()) == "issue: none"


def test_what_could_not_be_compared_closes_no_issue(hub: Hub, github: GitHub):
    """Without the right to read, drift only seems to be gone."""
    keep(github, "prod", FOUND)
    assert "left as it is" in keep(github, "prod", Drift(unknown=("fleet web: no permission",)))
    assert hub.issues[0]["state"] == "open"


def test_without_a_token_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A minute of refreshing would be for nothing."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shop")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    assert main(["drift", "--stack", "prod", "--issue"]) == 1
    assert "GITHUB_TOKEN is not set" in capsys.readouterr().err
