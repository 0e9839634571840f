"""A server that speaks GitHub's REST API over HTTP: pages, limits, permissions, and its words for what it refuses.

As https://docs.github.com/en/rest documents it: comments and issues, workflow runs and artifacts, and GraphQL's viewer.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

REPOSITORY = "acme/shop"
BOT = "github-actions[bot]"
TOKEN = "ghs_0123456789abcdefTOKEN"
Document = dict[str, Any]
Route = Callable[[str], Callable[[], None]]
"""From what the path names to what answers: that the call takes effect, and that it is answered, are two things."""


@dataclass
class Reply:
    """An answer that a test wants in place of the next one; `done` answers only after the call took effect."""

    status: int
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    done: bool = False


class Hub:
    """What the server has, and what it was asked."""

    def __init__(self) -> None:
        self.comments: dict[int, list[Document]] = {7: []}
        self.issues: list[Document] = []
        self.runs: list[Document] = []
        self.artifacts: dict[int, list[Document]] = {}
        self.archives: dict[int, bytes] = {}
        self.pulls: dict[str, list[Document]] = {}
        self.compared: dict[str, list[Document]] = {}
        self.deployments: list[Document] = []
        self.environments: list[Document] = []
        self.approvals: dict[int, list[Document]] = {}
        self.statuses: dict[int, list[Document]] = {}
        self.next: list[Reply | None] = []
        """What the next calls (but those to GraphQL) answer; None for what is right."""
        self.asked: list[str] = []
        self.tokens: list[tuple[str, str | None]] = []
        """The path and the Authorization of each call, in order."""
        self.url = ""
        self.blobs = ""
        """Another host, where artifacts lie."""
        self.read_only = False
        self.failing_logins = 0
        self.says: object = None
        """What it answers in place of all else."""
        self._id = 1000

    def say(self, number: int, body: str, login: str = BOT) -> Document:
        """Add a comment, as its author would."""
        made = {"id": self._new(), "body": body, "user": {"login": login}, "html_url": f"{self.url}/pull/{number}#c"}
        self.comments[number].append(made)
        return made

    def open(self, title: str, body: str, login: str = BOT, *, pull: bool = False) -> Document:
        """Open an issue, or a pull request, which is one too."""
        number = self._new()
        made = {"number": number, "title": title, "body": body, "state": "open", "user": {"login": login}}
        made |= {"html_url": f"{self.url}/issues/{number}"} | ({"pull_request": {}} if pull else {})
        self.issues.insert(0, made)  # the newest first
        return made

    def _new(self) -> int:
        self._id += 1
        return self._id


@contextmanager
def served() -> Generator[Hub]:
    """Serve it on loopback, and what artifacts lie on from another port: another host to a client."""
    hub = Hub()
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub)) for _ in range(2)]
    hub.url, hub.blobs = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def environment(hub: Hub) -> dict[str, str]:
    """Return what a workflow has in its environment."""
    return {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": hub.url, "GITHUB_REPOSITORY": REPOSITORY}


def matching(items: list[Document], query: Mapping[str, str], *keys: str) -> list[Document]:
    """Return the items that are as the query wants them; what it does not name is as it likes."""
    return [each for each in items if all(each[key] == query.get(key, each[key]) for key in keys)]


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:  # noqa: PLR0911
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            url = urlsplit(self.path)
            hub.asked.append(f"{self.command} {self.path}")
            hub.tokens.append((url.path, self.headers.get("Authorization")))
            if url.path.startswith("/blobs/"):
                return self._send(200, hub.archives[int(url.path.rpartition("/")[2])])
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._error(401, "Bad credentials")
            if url.path == "/graphql":
                if hub.failing_logins:
                    hub.failing_logins -= 1
                    return self._error(502, "Server Error")
                return self._json(200, {"data": {"viewer": {"login": BOT}}})
            if hub.says is not None:
                return self._json(200, hub.says)
            reply = hub.next.pop(0) if hub.next else None
            if reply and not reply.done:
                return self._error(reply.status, reply.message, reply.headers)
            if not url.path.startswith(f"/repos/{REPOSITORY}/"):
                return self._error(404, "Not Found")
            if hub.read_only and self.command != "GET":
                return self._error(403, "Resource not accessible by integration")
            path = url.path.removeprefix(f"/repos/{REPOSITORY}")
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            answer = self._route(path, query, body)
            return self._error(reply.status, reply.message, reply.headers) if reply else answer()

        do_GET = do_POST = do_PATCH = _any

        def _route(self, path: str, query: dict[str, str], body: Document) -> Callable[[], None]:
            if self.command != "GET" and len(body.get("body") or "") > 65_536:
                errors = [{"resource": "IssueComment", "code": "unprocessable", "field": "data"}]
                errors[0]["message"] = "Body is too long (maximum is 65536 characters)"
                return lambda: self._json(422, {"message": "Validation Failed", "errors": errors})
            for method, pattern, answer in self._routes(query, body):
                if method == self.command and (found := re.fullmatch(pattern, path)):
                    return answer(found[1] if found.re.groups else "")
            return lambda: self._error(404, "Not Found")

        def _routes(self, query: dict[str, str], body: Document) -> list[tuple[str, str, Route]]:
            said = [each for comments in hub.comments.values() for each in comments]
            return [
                ("GET", r"/issues/(\d+)/comments", lambda of: self._list(hub.comments.get(int(of)), query)),
                ("POST", r"/issues/(\d+)/comments", lambda of: self._said(int(of), body)),
                ("PATCH", r"/issues/comments/(\d+)", lambda of: self._changed(said, "id", int(of), body)),
                ("GET", r"/issues", lambda _: self._list(matching(hub.issues, query, "state"), query)),
                ("POST", r"/issues", lambda _: self._made(hub.open(body["title"], body["body"]))),
                ("PATCH", r"/issues/(\d+)", lambda of: self._changed(hub.issues, "number", int(of), body)),
                ("GET", r"/commits/(\w+)/pulls", lambda of: self._list(hub.pulls.get(of, []), query)),
                ("GET", r"/compare/(\w+\.\.\.\w+)", lambda of: self._list(hub.compared.get(of), query, "commits")),
                ("GET", r"/deployments", lambda _: self._list(matching(hub.deployments, query, "environment"), query)),
                ("GET", r"/deployments/(\d+)/statuses", lambda of: self._list(hub.statuses.get(int(of), []), query)),
                ("GET", r"/environments", lambda _: self._list(hub.environments, query, "environments")),
                ("GET", r"/actions/runs/(\d+)/approvals", lambda of: self._all(hub.approvals.get(int(of), []))),
                (
                    "GET",
                    r"/actions/runs",
                    lambda _: self._list(matching(hub.runs, query, "head_sha", "event"), query, "workflow_runs"),
                ),
                (
                    "GET",
                    r"/actions/runs/(\d+)/artifacts",
                    lambda of: self._list(matching(hub.artifacts[int(of)], query, "name"), query, "artifacts"),
                ),
                ("GET", r"/actions/artifacts/(\d+)/zip", self._elsewhere),
            ]

        def _all(self, items: list[Document]) -> Callable[[], None]:
            return lambda: self._json(200, items)

        def _elsewhere(self, of: str) -> Callable[[], None]:
            return lambda: self._send(302, b"", {"Location": f"{hub.blobs}/blobs/{of}"})

        def _said(self, number: int, body: Document) -> Callable[[], None]:
            if number not in hub.comments:
                return lambda: self._error(404, "Not Found")
            return self._made(hub.say(number, body["body"]))

        def _made(self, made: Document) -> Callable[[], None]:
            return lambda: self._json(201, made)

        def _list(self, items: list[Document] | None, query: dict[str, str], key: str = "") -> Callable[[], None]:
            if items is None:
                return lambda: self._error(404, "Not Found")
            return lambda: self._page(items, query, key)

        def _changed(self, items: list[Document], key: str, value: int, body: Document) -> Callable[[], None]:
            found = [each for each in items if each[key] == value]
            if not found:
                return lambda: self._error(404, "Not Found")
            found[0].update(body)
            return lambda: self._json(200, found[0])

        def _page(self, items: list[Document], query: dict[str, str], key: str) -> None:
            size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
            shown = items[(page - 1) * size : page * size]
            headers: dict[str, str] = {}
            if page * size < len(items):
                following = urlencode(query | {"page": page + 1})
                address = f"{hub.url}{urlsplit(self.path).path}?{following}"
                headers["Link"] = f'<{address}>; rel="next", <{address}>; rel="last"'
            self._json(200, {"total_count": len(items), key: shown} if key else shown, headers)

        def _error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
            self._json(status, {"message": message, "documentation_url": "https://docs.github.com/rest"}, headers)

        def _json(self, status: int, document: object, headers: Mapping[str, str] | None = None) -> None:
            self._send(status, json.dumps(document).encode(), headers)

        def _send(self, status: int, data: bytes, headers: Mapping[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
