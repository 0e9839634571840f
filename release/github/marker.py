"""The hidden first line by which a comment or an issue is found again: `<!-- slipway:preview stack=prod -->`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from release.errors import GitHubError

_MARKER = re.compile(r"<!-- slipway:[a-z]+ stack=[A-Za-z0-9_.-]{1,100} -->")


def of(body: str, limit: int) -> str:
    """Return the marker of a text that is to be posted. Raises GitHubError if it has none, or if it is too long."""
    first = _first(body)
    if not _MARKER.fullmatch(first):
        raise GitHubError(
            f"the text's first line is {first[:60]!r}, not a marker such as <!-- slipway:preview stack=prod -->: "
            "give what `python -m release preview --markdown` wrote"
        )
    if len(body) > limit:
        raise GitHubError(f"the text has {len(body):,} characters, and GitHub takes {limit:,}")
    return first


def is_ours(posted: Mapping[str, Any], marker: str, login: str) -> bool:
    """Return whether a comment or issue is this one: the marker alone does not count, as anybody can write it."""
    return _first(posted.get("body") or "") == marker and (posted.get("user") or {}).get("login") == login


def _first(body: str) -> str:
    return body.partition("\n")[0].rstrip("\r")
