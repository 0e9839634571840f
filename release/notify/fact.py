"""What people and programs are told: one fact about a stack. Pure."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import quote, urlsplit

from release.text import one_line

SCHEMA = 1
STARTED, SUCCEEDED, FAILED, ROLLED_BACK, FROZEN, THAWED = KINDS = (
    "started",
    "succeeded",
    "failed",
    "rolled-back",
    "frozen",
    "thawed",
)
DEPLOY, ROLLBACK, ACTIVATION = ACTIONS = ("deploy", "rollback", "activation")
_SHORT = 12
"""Digits of a SHA that people are shown."""
_TEXT = 600
"""Characters of somebody's own words, such as a reason or what an instance said last."""


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One fact about a stack. What is None or empty is not known, or not a part of it."""

    what: str
    """One of KINDS."""
    stack: str
    by: str
    """Who did it, as the ledger names people (release/store/actor.py)."""
    action: str | None = None
    """One of ACTIONS, if it is about one of these."""
    region: str = ""
    sha: str | None = None
    """The release that is deployed; of a rollback, the one that it leads to."""
    before: str | None = None
    """The release that served before, where all the fleets had the same."""
    fleets: Sequence[str] = ()
    seconds: float | None = None
    requests_failed: int | None = None
    """Requests that failed since it began, of all the fleets together."""
    reason: str | None = None
    """Why it failed, or why somebody freezes the stack."""
    until: datetime | None = None
    """When a freeze ends by itself."""
    link: str | None = None
    """Where the commit can be looked at."""
    at: datetime = field(default_factory=_now)


_VERBS = {
    STARTED: "{action} {sha} started",
    SUCCEEDED: "serves {sha}",
    FAILED: "{action} {sha} failed",
    ROLLED_BACK: "rolled back to {sha}",
    FROZEN: "frozen",
    THAWED: "thawed",
}
_ACTIONS = {DEPLOY: "deploy of", ROLLBACK: "rollback to", ACTIVATION: "activation with"}


def headline(fact: Fact) -> str:
    """Return the fact in a few words, in one line: `shop: deploy of 0123456789ab started`."""
    action = _ACTIONS[fact.action or DEPLOY]
    return f"{one_line(fact.stack, 100)}: {_VERBS[fact.what].format(action=action, sha=short(fact.sha) or '?')}"


def details(fact: Fact) -> list[tuple[str, str]]:
    """Return what else is known, as names and texts of one line each, in the order in which people want it."""
    known = (
        ("By", fact.by),
        ("From", short(fact.before) if fact.before != fact.sha else ""),
        ("To", short(fact.sha)),
        ("Fleets", ", ".join(fact.fleets)),
        ("Took", duration(fact.seconds)),
        ("Requests failed", "" if fact.requests_failed is None else f"{fact.requests_failed:,}"),
        ("Until", f"{fact.until.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC" if fact.until else ""),
        ("Region", fact.region),
        ("Reason", fact.reason or ""),
    )
    return [(name, one_line(text, _TEXT)) for name, text in known if text]


def short(sha: str | None) -> str:
    """Return as much of a SHA as people read; "" if there is none."""
    return one_line(sha[:_SHORT]) if sha else ""


def duration(seconds: float | None) -> str:
    """Return seconds in words: `48 s`, `6 min 5 s`, `1 h 2 min`; "" if they are not known."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{whole} s"


def link(template: str | None, sha: str | None) -> str | None:
    """Return where a commit can be looked at: the template with the SHA in the place of `{sha}`."""
    return template.replace("{sha}", quote(sha, safe="")) if template and sha else None


def template_of(repository: str | None) -> str | None:
    """Return the template of links to a repository's commits; None where its host is not one that is known."""
    address = urlsplit(repository or "")
    if address.scheme != "https" or address.username or address.port:
        return None
    path = address.path.removesuffix("/").removesuffix(".git")
    middle = {"github.com": "commit", "gitlab.com": "-/commit", "bitbucket.org": "commits"}.get(address.hostname or "")
    return f"https://{address.hostname}{path}/{middle}/{{sha}}" if middle and path.strip("/") else None


def is_template(text: str) -> bool:
    """Return whether a text is an https address with `{sha}` in it, and no other braces."""
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        return urlsplit(text).scheme == "https" and bool(urlsplit(text).hostname) and set(fields) == {"sha"}
    except ValueError:
        return False
