"""One comment on a pull request, against a server that speaks GitHub's API."""

from dataclasses import replace

import pytest

from release.errors import GitHubError
from release.github import comments
from release.github.api import GitHub
from release.github.place import place
from tests.release.github.hub import BOT, TOKEN, Hub, Reply, environment

MARK = "<!-- slipway:preview stack=prod -->"
BODY = f"{MARK}\n### prod\n"


def test_it_is_made_then_edited_then_left(hub: Hub, github: GitHub):
    """However often it is said, there is one comment, and it has the newest text."""
    assert comments.keep(github, 7, BODY).action == "created"
    assert comments.keep(github, 7, BODY + "new").action == "edited"
    assert comments.keep(github, 7, BODY + "new").action == "unchanged"
    assert [each["body"] for each in hub.comments[7]] == [BODY + "new"]


def test_it_is_found_on_the_last_page(hub: Hub, github: GitHub):
    """A hundred comments are a page: one that comes after 250 others is found."""
    for number in range(250):
        hub.say(7, f"comment {number}", "mona")
    hub.say(7, BODY)
    assert comments.keep(github, 7, BODY + "new").action == "edited"
    assert len(hub.comments[7]) == 251


@pytest.mark.parametrize("login", ["mona", "other-app[bot]", "github-actions"])
def test_the_comment_of_somebody_else_is_theirs(hub: Hub, github: GitHub, login: str):
    """Whoever writes the marker into a comment of their own gets neither edited nor in the way."""
    theirs = hub.say(7, BODY, login)
    assert comments.keep(github, 7, BODY + "new").action == "created"
    assert theirs["body"] == BODY
    assert hub.comments[7][1]["user"]["login"] == BOT


def test_comments_of_other_stacks_and_a_quoted_marker_stay(hub: Hub, github: GitHub):
    """Only the first line counts, and only this stack's."""
    hub.say(7, BODY.replace("prod", "prod-eu"))
    hub.say(7, f"> {MARK}\n")
    hub.say(7, f"see\n{MARK}\n")
    assert comments.keep(github, 7, BODY).action == "created"
    assert len(hub.comments[7]) == 4


def test_a_comment_that_was_edited_on_the_page_is_still_found(hub: Hub, github: GitHub):
    """A browser sends line ends as CR LF."""
    hub.say(7, BODY.replace("\n", "\r\n"))
    assert comments.keep(github, 7, BODY).action == "edited"


@pytest.mark.parametrize(
    ("limits", "waited"),
    [
        ([Reply(429, "slow down", {"Retry-After": "3"})], [3]),
        ([Reply(403, "You have exceeded a secondary rate limit", {"Retry-After": "2"})] * 2, [2, 2]),
        ([Reply(403, "You have exceeded a secondary rate limit")] * 2, [60, 120]),
        ([Reply(403, "API rate limit exceeded", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "12"})], [1]),
    ],
)
def test_limits_are_waited_for(hub: Hub, github: GitHub, waits: list[float], limits: list[Reply], waited: list[float]):
    """As long as GitHub says, or a minute and longer each time; then the comment is made, once."""
    hub.next = [*limits]
    assert comments.keep(github, 7, BODY).action == "created"
    assert waits == waited
    assert len(hub.comments[7]) == 1


def test_a_limit_that_lasts_ends_in_an_error(hub: Hub, github: GitHub, waits: list[float]):
    """An hour is not waited for, and nothing is asked meanwhile."""
    hub.next = [Reply(429, "later", {"Retry-After": "3600"})]
    with pytest.raises(GitHubError, match="limits this token: try again later"):
        comments.keep(github, 7, BODY)
    assert waits == []
    assert hub.comments[7] == []


def test_a_failure_after_the_comment_was_made_makes_no_second_one(hub: Hub, github: GitHub):
    """A 502 leaves open whether it was done: it is looked for again first."""
    hub.next = [None, Reply(502, "Server Error", done=True)]
    assert comments.keep(github, 7, BODY).action == "unchanged"
    assert len(hub.comments[7]) == 1


def test_what_only_looks_is_asked_again(hub: Hub, github: GitHub, waits: list[float]):
    """A server that fails for a moment is no reason to fail, and waits get longer."""
    hub.next = [Reply(503, "Service Unavailable")] * 3
    hub.failing_logins = 2
    assert comments.keep(github, 7, BODY).action == "created"
    assert waits == [1, 2, 1, 2, 4]


def test_a_server_that_keeps_failing_ends_in_an_error(hub: Hub, github: GitHub, waits: list[float]):
    """Each look is tried five times, all of it three times, and no more."""
    hub.next = [Reply(503, "Service Unavailable")] * 16
    with pytest.raises(GitHubError, match="GitHub failed: 503"):
        comments.keep(github, 7, BODY)
    assert len(hub.next) == 1
    assert sum(waits) == 3 * (1 + 2 + 4 + 8) + 1 + 2


def test_nobody_who_answers(github: GitHub, waits: list[float]):
    """A closed port is tried again as well, and then named without the token."""
    github.where = replace(github.where, api="http://127.0.0.1:9", graphql="http://127.0.0.1:9/graphql")
    with pytest.raises(GitHubError, match=r"GitHub can't be reached at /repos/acme/shop/issues: .*refused") as failed:
        github.get(github.where.path("issues"))
    assert waits == [1, 2, 4, 8]
    assert TOKEN not in str(failed.value)


@pytest.mark.parametrize(
    ("number", "reply", "says"),
    [
        (8, None, r"404: Not Found.*there is no such thing, or the token may not see it"),
        (7, Reply(403, "Resource not accessible by integration"), "permissions: pull-requests: write"),
        (7, Reply(422, "Validation Failed"), "422: Validation Failed"),
        (7, Reply(401, "Bad credentials"), "GITHUB_TOKEN is not valid"),
    ],
)
def test_a_refusal_says_what_to_do(hub: Hub, github: GitHub, number: int, reply: Reply | None, says: str):
    """Each with what GitHub said, and never with the token."""
    hub.next = [reply] if reply else []
    with pytest.raises(GitHubError, match=says) as refused:
        comments.keep(github, number, BODY)
    assert TOKEN not in str(refused.value)


def test_a_token_that_only_reads_is_told_what_it_lacks(hub: Hub, github: GitHub):
    """It may look, and then may not post."""
    hub.read_only = True
    with pytest.raises(GitHubError, match=r"POST .*: the token may not: a workflow needs"):
        comments.keep(github, 7, BODY)


@pytest.mark.parametrize(
    ("body", "says"),
    [("### prod\n", "not a marker"), ("", "not a marker"), (BODY + "x" * 65_536, "GitHub takes 65,536")],
)
def test_what_can_not_be_posted_is_refused_before_github_is_asked(hub: Hub, github: GitHub, body: str, says: str):
    """Without a marker it could not be found again, and a text that is too long would be refused."""
    with pytest.raises(GitHubError, match=says):
        comments.keep(github, 7, body)
    assert hub.asked == []


def test_as_many_characters_as_github_takes(hub: Hub, github: GitHub):
    """65,536 characters, whatever they are in bytes; the server refuses one more."""
    body = BODY + "é" * (65_536 - len(BODY))
    assert comments.keep(github, 7, body).action == "created"
    with pytest.raises(GitHubError, match=r"422: Validation Failed; Body is too long"):
        github.post(github.where.path("issues/7/comments"), {"body": body + "x"})


@pytest.mark.parametrize("token", ["a b", "a\nb", "ghp_é"])
def test_a_token_that_is_none_is_refused_without_being_shown(hub: Hub, token: str):
    """What can't be a header would end in a traceback that has it."""
    with pytest.raises(GitHubError, match="characters in it that no token has") as refused:
        GitHub(place(environment(hub), None), token)
    assert token not in str(refused.value)


@pytest.mark.parametrize("answer", [{}, [1], {"message": "hello"}, "x"])
def test_what_only_looks_like_github(hub: Hub, github: GitHub, answer: object):
    """Such as a proxy's page: one line, which names the setting."""
    hub.issues, hub.says = [], answer
    with pytest.raises(GitHubError, match="does not speak its API: see GITHUB_API_URL"):
        list(github.pages(github.where.path("issues?state=open")))


@pytest.mark.parametrize(
    "url", ["http://github.example.com/api/v3", "ftp://x", "github.example.com", "https://[::1", "https://"]
)
def test_the_token_is_not_sent_in_the_clear(url: str):
    """Only https, and loopback."""
    with pytest.raises(GitHubError, match="not an https address"):
        place({"GITHUB_API_URL": url, "GITHUB_REPOSITORY": "a/b"}, None)


def test_enterprise_server_has_its_graphql_beside_its_api():
    """https://host/api/v3 and https://host/api/graphql; github.com has it below its API."""
    there = place({"GITHUB_API_URL": "https://git.example.com/api/v3"}, "a/b")
    assert there.graphql == "https://git.example.com/api/graphql"
    assert place({}, "a/b").graphql == "https://api.github.com/graphql"


@pytest.mark.parametrize("name", ["", "shop", "a/b/c", "a/b?x=1", "../b", "a/b\nX: y"])
def test_what_is_no_repository_is_refused(name: str):
    """It becomes part of an address."""
    with pytest.raises(GitHubError, match="is not owner/name"):
        place({}, name)


def test_a_page_that_leads_elsewhere_is_not_followed(hub: Hub, github: GitHub):
    """The token goes to no host that an answer names."""
    with pytest.raises(GitHubError, match="leads to another host"):
        list(github.pages(f"@{hub.blobs.removeprefix('http://')}/x?"))
    assert environment(hub)["GITHUB_TOKEN"] == TOKEN
    assert hub.asked == []
