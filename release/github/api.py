"""GitHub's REST API: pages, limits, permissions, and errors that say what to do. Its token reaches no other host.

Limits as https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api has them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from release.errors import GitHubError, GitHubUnsureError
from release.github.place import Place
from release.text import one_line

LIMIT = 65_536
"""Characters that the body of a comment or an issue may have."""
PATIENCE = 300.0
"""Seconds that one command waits for limits to pass, all together."""
_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_ONCE = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=5)
"""Redirects are followed, without the token where one leads to another host (`remove_headers_on_redirect`)."""
_TRIES = 5
_SHORT = 1.0
"""Seconds to wait where it failed, and twice as long each time."""
_MINUTE = 60.0
"""Seconds to wait where a limit says nothing: "at least one minute", and twice as long each time."""
_LARGEST = 20_000_000
"""Bytes of an answer."""
_TOKEN = re.compile(r"[!-~]+")
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="next"')


class GitHub:
    """Asks the API as the owner of a token."""

    def __init__(self, where: Place, token: str, pause: Callable[[float], None] = time.sleep) -> None:
        if not token.strip():
            raise GitHubError("GITHUB_TOKEN is not set: without it GitHub takes no comment (docs/pull-requests.md)")
        if not _TOKEN.fullmatch(token.strip()):
            raise GitHubError("GITHUB_TOKEN has characters in it that no token has, such as a line break")
        self.where = where
        self._headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token.strip()}",
            "User-Agent": "slipway",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self._pause = pause
        self._patience = PATIENCE
        self._http = _manager(where.api)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return self._ask("GET", self.where.api + path).document

    def post(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        return self._ask("POST", self.where.api + path, body).document

    def patch(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        return self._ask("PATCH", self.where.api + path, body).document

    def data(self, path: str) -> bytes:
        """Return what a path holds, such as an artifact, wherever GitHub keeps it."""
        return self._ask("GET", self.where.api + path).data

    def pages(self, path: str, within: str | None = None) -> Iterator[Mapping[str, Any]]:
        """Yield what a list has, page by page. `within` is the key of the list, where the page is an object."""
        address: str | None = f"{self.where.api}{path}{'&' if '?' in path else '?'}per_page=100"
        while address:
            answer = self._ask("GET", address)
            yield from answer.items(within)
            address = answer.next

    def login(self) -> str:
        """Return whose the token is: `github-actions[bot]` for that of a workflow, which GET /user does not tell."""
        answer = self._ask("POST", self.where.graphql, {"query": "{viewer{login}}"}, looks=True).document
        try:
            return str(answer["data"]["viewer"]["login"])
        except (KeyError, TypeError):
            raise GitHubError(f"GitHub does not say whose GITHUB_TOKEN is: {one_line(answer, 200)}") from None

    def _ask(
        self, method: str, address: str, body: Mapping[str, object] | None = None, *, looks: bool = False
    ) -> _Answer:
        """Ask, wait for limits, and return the answer; what only looks is asked again where GitHub fails.

        Raises GitHubError, or GitHubUnsureError where something may have been done.
        """
        if urlsplit(address).netloc not in {urlsplit(own).netloc for own in (self.where.api, self.where.graphql)}:
            raise GitHubError(f"GitHub's answer leads to another host: {one_line(address, 100)}")
        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._once(method, address, body)
                wait = _wait(answer, attempt, time.time())
            except GitHubUnsureError:
                if not (looks or method == "GET") or attempt == _TRIES:
                    raise
                wait = _SHORT * 2 ** (attempt - 1)
            else:
                if wait is None and answer.status >= 400:
                    raise GitHubError(_refused(method, address, answer))
                if wait is None:
                    return answer
            self.rest(wait)
        raise _limited()

    def rest(self, seconds: float) -> None:
        """Wait before asking again. Raises GitHubError once that comes to more than PATIENCE."""
        self._patience -= seconds
        if self._patience < 0:
            raise _limited()
        self._pause(seconds)

    def _once(self, method: str, address: str, body: Mapping[str, object] | None) -> _Answer:
        sent = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": "application/json"} if sent else {})
        try:
            response = self._http.request(
                method, address, body=sent, headers=headers, timeout=_TIMEOUT, retries=_ONCE, preload_content=False
            )
            with response:
                data = response.read(_LARGEST + 1, decode_content=True)
        except HTTPError as error:
            reason = error.reason if isinstance(error, MaxRetryError) else error
            raise GitHubUnsureError(f"GitHub can't be reached at {_shown(address)}: {one_line(reason, 200)}") from None
        if response.status >= 500:
            raise GitHubUnsureError(f"GitHub failed: {response.status} for {method} {_shown(address)}")
        if len(data) > _LARGEST:
            raise GitHubError(f"GitHub's answer to {method} {_shown(address)} is over {_LARGEST:,} bytes")
        return _Answer(status=response.status, headers=dict(response.headers.items()), data=data)


class _Answer:
    def __init__(self, *, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.data = data

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON
        try:
            return json.loads(self.data)
        except ValueError:
            raise self._other from None

    def items(self, within: str | None) -> list[Mapping[str, Any]]:
        """Return the page of a list. Raises GitHubError if it is none."""
        found = self.document
        if within and isinstance(found, Mapping):
            found = found.get(within)
        if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
            raise self._other
        return found

    @property
    def _other(self) -> GitHubError:
        return GitHubError(f"what answers as GitHub ({self.status}) does not speak its API: see GITHUB_API_URL")

    @property
    def next(self) -> str | None:
        found = _NEXT.search(self.headers.get("link", ""))
        return found[1] if found else None

    @property
    def said(self) -> str:
        """What is wrong, in GitHub's words."""
        try:
            told: Any = json.loads(self.data)
            errors = [error.get("message") or error.get("code") for error in told.get("errors", ()) if error]
            return one_line("; ".join(str(part) for part in (told.get("message", ""), *errors) if part), 300)
        except (ValueError, AttributeError):
            return f"{self.status}"


def _wait(answer: _Answer, attempt: int, now: float) -> float | None:
    """Return the seconds to wait before asking again; None where the answer is not that of a limit."""
    if answer.status not in (403, 429):
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(1.0, float(reset) - now + 1)
    if answer.status == 429 or "rate limit" in answer.said.lower():
        return _MINUTE * 2 ** (attempt - 1)
    return None


def _limited() -> GitHubError:
    return GitHubError("GitHub answers too slowly or limits this token: try again later")


def _refused(method: str, address: str, answer: _Answer) -> str:
    what = f"GitHub refuses {method} {_shown(address)} ({answer.status}: {answer.said})"
    if answer.status == 401:
        return f"{what}: GITHUB_TOKEN is not valid, or has expired"
    if answer.status == 403:
        return (
            f"{what}: the token may not: a workflow needs `permissions: pull-requests: write` (issues: `issues: write`)"
        )
    if answer.status in (404, 410):
        return f"{what}: there is no such thing, or the token may not see it"
    return what


def _shown(address: str) -> str:
    return one_line(urlsplit(address).path, 200)


def _manager(address: str) -> urllib3.PoolManager:
    """Return a manager of connections that goes through the proxy that the environment names."""
    parts = urlsplit(address)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()
