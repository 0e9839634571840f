"""A fact in the shape that each kind of target takes. Pure.

Slack: "Reference: blocks" (a header has at most 150 characters, a section 3,000, each of its at most 10 fields 2,000),
"Formatting text for app surfaces". Teams: "Create incoming webhooks with Workflows", adaptive cards in an attachment,
28 KB, no version above 1.4. SNS: Publish (a subject is ASCII and shorter than 100 characters).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from release.notify import fact as facts
from release.notify.fact import Fact, details, headline
from release.notify.targets import JSON, SLACK, TEAMS
from release.text import clean, one_line

_MARK = {
    facts.STARTED: "🚀",
    facts.SUCCEEDED: "✅",
    facts.FAILED: "❌",
    facts.ROLLED_BACK: "↩️",
    facts.FROZEN: "🧊",
    facts.THAWED: "☀️",
}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>~])")
_SUBJECT = 99
_SLACK_TITLE = 150


def body(kind: str, fact: Fact) -> Mapping[str, Any]:
    """Return what is posted to a webhook of one of targets.KINDS."""
    return {SLACK: slack, TEAMS: teams, JSON: document}[kind](fact)


def document(fact: Fact) -> Mapping[str, Any]:
    """Return the fact as plain JSON (docs/deploy-day.md has its schema); what is not known is null."""
    return {
        "schema": facts.SCHEMA,
        "event": fact.what,
        "action": fact.action,
        "text": headline(fact),
        "stack": fact.stack,
        "region": fact.region or None,
        "by": one_line(fact.by),
        "at": _moment(fact.at),
        "sha": fact.sha,
        "before": fact.before,
        "fleets": list(fact.fleets),
        "seconds": None if fact.seconds is None else round(fact.seconds, 1),
        "requestsFailed": fact.requests_failed,
        "reason": clean(fact.reason) if fact.reason else None,
        "until": _moment(fact.until) if fact.until else None,
        "link": fact.link,
    }


def plain(fact: Fact) -> str:
    """Return the fact as a text of several lines, such as an e-mail's."""
    said = [headline(fact), "", *(f"{name}: {text}" for name, text in details(fact))]
    return "\n".join([*said, *([fact.link] if fact.link else [])])


def sns(fact: Fact) -> Mapping[str, Any]:
    """Return the arguments of Publish but the topic: people's mail gets a text, programs get JSON.

    The attributes let a subscription choose what it gets (its filter policy).
    """
    told = json.dumps(document(fact))
    said = {"default": told, "email": plain(fact), "sms": headline(fact)}
    return {
        "Subject": headline(fact).encode("ascii", "replace").decode()[:_SUBJECT],
        "Message": json.dumps(said),
        "MessageStructure": "json",
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (("event", fact.what), ("stack", fact.stack))
        },
    }


def slack(fact: Fact) -> Mapping[str, Any]:
    """Return the message for an incoming webhook of Slack. All but the link is plain text, which has no mark-up."""
    title = one_line(f"{_MARK[fact.what]} {headline(fact)}", _SLACK_TITLE)
    shown, reason = _without_reason(fact)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain_text(title)}]
    if shown:
        blocks.append({"type": "section", "fields": [_plain_text(f"{name}: {text}") for name, text in shown]})
    if reason:
        blocks.append({"type": "section", "text": _plain_text(reason)})
    if fact.link:
        link = {"type": "mrkdwn", "text": f"<{_for_slack(fact.link)}|The commit>"}
        blocks.append({"type": "context", "elements": [link]})
    return {"text": _for_slack(headline(fact)), "blocks": blocks}


def _plain_text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def teams(fact: Fact) -> Mapping[str, Any]:
    """Return the message for a webhook of Teams: an adaptive card, whose texts are Markdown."""
    shown, reason = _without_reason(fact)
    content: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": f"{_MARK[fact.what]} {_for_teams(headline(fact))}",
            "weight": "Bolder",
            "size": "Medium",
            "wrap": True,
        }
    ]
    if shown:
        listed = [{"title": name, "value": _for_teams(text)} for name, text in shown]
        content.append({"type": "FactSet", "facts": listed})
    if reason:
        content.append({"type": "TextBlock", "text": _for_teams(reason), "wrap": True})
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": content,
    }
    if fact.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "The commit", "url": fact.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _without_reason(fact: Fact) -> tuple[list[tuple[str, str]], str]:
    """Return the details that fit into a column, and the reason, which is a sentence."""
    shown = details(fact)
    return [each for each in shown if each[0] != "Reason"], dict(shown).get("Reason", "")


def _moment(at: datetime) -> str:
    return at.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _for_slack(text: str) -> str:
    """Return the text with the three characters escaped that Slack gives a meaning."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _for_teams(text: str) -> str:
    """Return the text so that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)
