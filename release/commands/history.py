"""`history`: what was deployed, by whom and with what outcome, release phases, uses of the console, newest first."""

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
    """Print the stack's newest events of the ledger, release phases and uses of the console.

    Raises StoreError or LedgerError.
    """
    bucket, s3, stack = bucket_name(arguments), client("s3", arguments.region), stack_name(arguments)
    events = ledger.Ledger(bucket, s3).history(stack, arguments.fleet, arguments.limit)
    noted = [note for kind in ("uses", "phases") for note in Notes(bucket, kind, s3).newest(stack, arguments.limit)]
    noted = [note for note in noted if arguments.fleet in (None, note.facts.get("fleet"))]
    all_of_it = sorted([*events, *noted], key=lambda one: one.when, reverse=True)[: arguments.limit]
    if arguments.json:
        as_json([_document(one) for one in all_of_it])
        return
    rows = [_of_note(one) if isinstance(one, Note) else _of_event(one) for one in all_of_it]
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


def _of_note(note: Note) -> tuple[str, ...]:
    """Return the row of a command of the console, or of the beginning or end of a release phase."""
    facts = note.facts.get
    instance, when = facts("instance", ""), f"{note.when:%Y-%m-%d %H:%M:%S}"
    command = facts("command")
    if command is None:
        action, outcome, said = "release phase", note.what, f"{instance}: {note.reason}" if note.reason else instance
    else:
        action, outcome, said = note.what, "", f"{instance}: {command}"
    sha = facts("sha", "")[:12]
    return (when, facts("fleet", ""), action, sha, outcome, "", note.by, note.caller or "", said)


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number from 1 to 999999")
    return int(text)


def _document(one: ledger.Event | Note) -> dict[str, object]:
    """Return what the store has, and when S3 stored it, which decides the order; a note's `what` tells it apart."""
    stored = one.stored.isoformat().replace("+00:00", "Z") if one.stored else None
    text = notes.to_json(one) if isinstance(one, Note) else ledger.to_json(one)
    return {**json.loads(text), "stored": stored}
