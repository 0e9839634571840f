"""One issue about drift, against a server that speaks GitHub's API."""

import pytest

from release.errors import GitHubError
from release.github import issues
from release.github.api import GitHub
from tests.release.github.hub import Hub, Reply

TITLE = "prod: changed by hand in AWS"
BODY = "<!-- slipway:drift stack=prod -->\n1 resource\n"


def states(hub: Hub) -> list[str]:
    return [f"{each['state']}: {each['body']}" for each in hub.issues]


def test_it_is_opened_edited_left_and_closed(hub: Hub, github: GitHub):
    """There is one as long as there is drift, with the newest text; the day after it is closed, and says so."""
    assert issues.keep(github, TITLE, BODY, needed=True).action == "created"
    assert issues.keep(github, TITLE, BODY + "more", needed=True).action == "edited"
    assert issues.keep(github, TITLE, BODY + "more", needed=True).action == "unchanged"
    assert issues.keep(github, TITLE, BODY + "none", needed=False).action == "closed"
    assert issues.keep(github, TITLE, BODY + "none", needed=False).action == "none"
    assert states(hub) == [f"closed: {BODY}none"]


def test_what_comes_back_is_a_new_one(hub: Hub, github: GitHub):
    """Nobody is told of an old issue that is edited after it was closed."""
    issues.keep(github, TITLE, BODY, needed=True)
    issues.keep(github, TITLE, BODY, needed=False)
    assert issues.keep(github, TITLE, BODY, needed=True).action == "created"
    assert [each["state"] for each in hub.issues] == ["open", "closed"]


def test_it_is_found_behind_two_hundred_others(hub: Hub, github: GitHub):
    """Pull requests, other people's, and other stacks' are not it, whatever they say."""
    own = hub.open(TITLE, BODY)
    hub.open(TITLE, BODY, "mona")
    hub.open(TITLE, BODY, pull=True)
    hub.open(TITLE, BODY.replace("prod", "dr"))
    for number in range(200):
        hub.open(f"issue {number}", "text", "mona")
    assert issues.keep(github, TITLE, BODY + "more", needed=True).action == "edited"
    assert own["body"] == BODY + "more"
    assert sum(each["body"].startswith(BODY) for each in hub.issues) == 3


def test_a_failure_after_it_was_opened_opens_no_second_one(hub: Hub, github: GitHub):
    """It is looked for again first."""
    hub.next = [None, Reply(502, "Server Error", done=True)]
    assert issues.keep(github, TITLE, BODY, needed=True).action == "unchanged"
    assert len(hub.issues) == 1


def test_a_repository_without_issues(hub: Hub, github: GitHub):
    """GitHub answers 410 where they are switched off."""
    hub.next = [None, Reply(410, "Issues are disabled for this repo")]
    with pytest.raises(GitHubError, match="410: Issues are disabled for this repo"):
        issues.keep(github, TITLE, BODY, needed=True)
