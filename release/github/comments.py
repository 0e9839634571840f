"""One comment on a pull request: found by its marker and its author, edited, or made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from release.errors import GitHubUnsureError
from release.github import marker
from release.github.api import LIMIT, GitHub

_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A comment or an issue as it is now."""

    url: str
    """Of its page."""
    action: str
    """`created`, `edited`, `unchanged`, `closed`, or `none` where there is none and none is needed."""


def keep(github: GitHub, pull: int, body: str) -> Posted:
    """Make the pull request's comment say `body`. Raises GitHubError."""
    mark = marker.of(body, LIMIT)
    login = github.login()
    return surely(github, lambda: _keep(github, pull, body, mark, login))


def _keep(github: GitHub, pull: int, body: str, mark: str, login: str) -> Posted:
    # A pull request's comments are an issue's: https://docs.github.com/en/rest/issues/comments
    comments = github.where.path(f"issues/{pull}/comments")
    own = next((each for each in github.pages(comments) if marker.is_ours(each, mark, login)), None)
    if own is None:
        return Posted(url=github.post(comments, {"body": body})["html_url"], action="created")
    if own["body"] == body:
        return Posted(url=own["html_url"], action="unchanged")
    edited = github.patch(github.where.path(f"issues/comments/{own['id']}"), {"body": body})
    return Posted(url=edited["html_url"], action="edited")


def surely(github: GitHub, step: Callable[[], Posted]) -> Posted:
    """Do what looks first, again where GitHub did not say whether it was done: so nothing is posted twice."""
    for attempt in range(1, _TRIES):
        try:
            return step()
        except GitHubUnsureError:
            github.rest(attempt)
    return step()
