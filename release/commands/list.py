"""`list`: the releases that can be deployed, newest first."""

from __future__ import annotations

import argparse

from release.clients import client
from release.commands.options import open_store
from release.commands.output import as_json, document, table
from release.store.ledger import Ledger

HELP = "the releases that can be deployed, newest first"

_EVENTS = 200
"""How many events of each stack are searched for what was ever live."""


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--limit", type=int, default=20)


def run(arguments: argparse.Namespace) -> None:
    """Print the releases, and where each is or was live."""
    store = open_store(arguments)
    found = store.list(arguments.limit)
    served = _served(Ledger(store.bucket, client("s3", arguments.region)))
    if arguments.json:
        as_json([{**document(manifest), "served": served.get(manifest.sha)} for manifest in found])
        return
    rows = [
        (
            manifest.sha,
            f"{manifest.published_at:%Y-%m-%d %H:%M}",
            manifest.published_by,
            f"{manifest.size / 1e6:.1f} MB",
            served.get(manifest.sha, ""),
            " ".join(manifest.tags),
        )
        for manifest in found
    ]
    table(("SHA", "PUBLISHED", "BY", "SIZE", "LIVE", "TAGS"), rows)


def _served(ledger: Ledger) -> dict[str, str]:
    """Return by SHA where a release is live ("now: prod/web"), or that it was ("before"), by the ledger."""
    served: dict[str, str] = {}
    now: dict[str, list[str]] = {}
    for stack in ledger.stacks():
        good = (event for event in ledger.history(stack, limit=_EVENTS) if event.outcome == "succeeded")
        served.update({event.sha: "before" for event in good})
        for fleet, event in ledger.live(stack).items():
            now.setdefault(event.sha, []).append(f"{stack}/{fleet}")
    return served | {sha: f"now: {' '.join(sorted(fleets))}" for sha, fleets in now.items()}
