"""`history`: what was deployed, by whom and with what outcome, newest first."""

from __future__ import annotations

import argparse
import json
import re

from release.clients import client
from release.commands.options import bucket_name, stack_name
from release.commands.output import as_json, table
from release.store import ledger

HELP = "what was deployed, newest first"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--fleet", help="default: every fleet of the stack")
    command.add_argument("--limit", type=_count, default=20)


def run(arguments: argparse.Namespace) -> None:
    """Print the stack's newest events of the ledger. Raises StoreError or LedgerError."""
    book = ledger.Ledger(bucket_name(arguments), client("s3", arguments.region))
    events = book.history(stack_name(arguments), arguments.fleet, arguments.limit)
    if arguments.json:
        as_json([_document(event) for event in events])
        return
    rows = [
        (
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
        for event in events
    ]
    table(("AT (UTC)", "FLEET", "ACTION", "SHA", "OUTCOME", "TOOK", "BY", "CALLER", "REASON"), rows)


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number from 1 to 999999")
    return int(text)


def _document(event: ledger.Event) -> dict[str, object]:
    """Return an event as the ledger has it, and when S3 stored it: events are ordered by that."""
    stored = event.stored.isoformat().replace("+00:00", "Z") if event.stored else None
    return {**json.loads(ledger.to_json(event)), "stored": stored}
