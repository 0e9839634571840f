"""Where a repository is on GitHub: from the environment of a workflow, or of a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from release.errors import GitHubError

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,100}/(?!\.\.?$)[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a repository is: the addresses of the API, and `owner/name`."""

    api: str
    graphql: str
    repository: str

    def path(self, rest: str) -> str:
        """Return a path below the repository's."""
        return f"/repos/{self.repository}/{rest}"


def place(environment: Mapping[str, str], repository: str | None) -> Place:
    """Return what GITHUB_API_URL, GITHUB_GRAPHQL_URL and GITHUB_REPOSITORY name. Raises GitHubError."""
    api = environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    # As on GitHub Enterprise Server: https://host/api/v3 and https://host/api/graphql.
    graphql = environment.get("GITHUB_GRAPHQL_URL") or f"{api.removesuffix('/v3')}/graphql"
    for address in (api, graphql):
        if not _is_safe(address):
            raise GitHubError(f"GITHUB_API_URL: {address[:100]!r} is not an https address: the token would be readable")
    named = repository or environment.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(named):
        raise GitHubError(f"which repository? {named[:100]!r} is not owner/name: give --repository (GITHUB_REPOSITORY)")
    return Place(api=api, graphql=graphql, repository=named)


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )
