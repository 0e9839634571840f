"""`history`: what was deployed, by whom and with what outcome, and who used the console, newest first."""

from __future__ import annotations

import argparse
import json
import re

from release.clients import client
from release.commands.options import bucket_name, stack_name
from release.commands.output import as_json, table
from release.store import ledger, notes
from release.store.notes import Note, Notes

HELP = "what was deployed, newest first"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--fleet", help="default: every fleet of the stack")
    command.add_argument("--limit", type=_count, default=20)


def run(arguments: argparse.Namespace) -> None:
    """Print the stack's newest events of the ledger, and uses of the console. Raises StoreError or LedgerError."""
    bucket, s3, stack = bucket_name(arguments), client("s3", arguments.region), stack_name(arguments)
    events = ledger.Ledger(bucket, s3).history(stack, arguments.fleet, arguments.limit)
    uses = Notes(bucket, "uses", s3).newest(stack, arguments.limit)
    uses = [use for use in uses if arguments.fleet in (None, use.facts.get("fleet"))]
    both = sorted([*events, *uses], key=lambda one: one.when, reverse=True)[: arguments.limit]
    if arguments.json:
        as_json([_document(one) for one in both])
        return
    rows = [_of_use(one) if isinstance(one, Note) else _of_event(one) for one in both]
    table(("AT (UTC)", "FLEET", "ACTION", "SHA", "OUTCOME", "TOOK", "BY", "CALLER", "REASON"), rows)


def _of_event(event: ledger.Event) -> tuple[str, ...]:
    return (
        f"{event.when:%Y-%m-%d %H:%M:%S}",
        event.fleet,
        event.action,
        event.sha[:12],
        event.outcome,
        "" if event.seconds is None else f"{event.seconds:.0f} s",
        event.by,
        event.caller or "",
        event.reason or "",
    )


def _of_use(use: Note) -> tuple[str, ...]:
    facts = use.facts.get
    said = f"{facts('instance', '')}: {facts('command', '')}"
    when = f"{use.when:%Y-%m-%d %H:%M:%S}"
    return (when, facts("fleet", ""), use.what, facts("sha", "")[:12], "", "", use.by, use.caller or "", said)


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number from 1 to 999999")
    return int(text)


def _document(one: ledger.Event | Note) -> dict[str, object]:
    """Return what the store has, and when S3 stored it, which decides the order; a note's `what` tells it apart."""
    stored = one.stored.isoformat().replace("+00:00", "Z") if one.stored else None
    text = notes.to_json(one) if isinstance(one, Note) else ledger.to_json(one)
    return {**json.loads(text), "stored": stored}
