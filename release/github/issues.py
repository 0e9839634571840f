"""One issue of its kind: found by its marker and its author, opened, edited, and closed once it is not needed."""

from __future__ import annotations

from release.github import marker
from release.github.api import LIMIT, GitHub
from release.github.comments import Posted, surely


def keep(github: GitHub, title: str, body: str, *, needed: bool) -> Posted:
    """Have an open issue say `body`, or have none where none is needed; then `body` is its last word.

    One that is closed is left: what comes back is told in a new one. Raises GitHubError.
    """
    mark = marker.of(body, LIMIT)
    login = github.login()
    return surely(github, lambda: _keep(github, title, body, mark, login, needed=needed))


def _keep(github: GitHub, title: str, body: str, mark: str, login: str, *, needed: bool) -> Posted:
    issues = github.where.path("issues")
    # A pull request is an issue too: https://docs.github.com/en/rest/issues/issues
    own = next(
        (
            each
            for each in github.pages(f"{issues}?state=open")
            if "pull_request" not in each and marker.is_ours(each, mark, login)
        ),
        None,
    )
    if own is None and not needed:
        return Posted(url="", action="none")
    if own is None:
        return Posted(url=github.post(issues, {"title": title, "body": body})["html_url"], action="created")
    said = {"title": title, "body": body, "state": "open" if needed else "closed"}
    if all(own[key] == value for key, value in said.items()):
        return Posted(url=own["html_url"], action="unchanged")
    changed = github.patch(f"{issues}/{own['number']}", said if needed else {**said, "state_reason": "completed"})
    return Posted(url=changed["html_url"], action="edited" if needed else "closed")
