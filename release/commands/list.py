"""`list`: the releases that can be deployed, newest first."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from release.clients import client
from release.commands import options
from release.commands.options import open_store
from release.commands.output import as_json, document, table, tell
from release.store.ledger import Ledger
from release.store.manifest import Manifest
from release.store.replica import Recovery, Replica

HELP = "the releases that can be deployed, newest first"

_SHOWN = {
    Recovery.RECOVERABLE: "yes",
    Recovery.NOT_YET: "no",
    Recovery.DIFFERS: "differs!",
    Recovery.UNKNOWN: "?",
}
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
    recoverable = _recoverable(options.replica(store, arguments), found)
    if arguments.json:
        as_json(
            [
                {
                    **document(manifest),
                    "served": served.get(manifest.sha),
                    "recoverable": recoverable[manifest.sha].value if recoverable else None,
                }
                for manifest in found
            ]
        )
        return
    rows = [
        (
            manifest.sha,
            f"{manifest.published_at:%Y-%m-%d %H:%M}",
            manifest.published_by,
            f"{manifest.size / 1e6:.1f} MB",
            _SHOWN[recoverable[manifest.sha]] if recoverable else "-",
            served.get(manifest.sha, ""),
            " ".join(manifest.tags),
        )
        for manifest in found
    ]
    table(("SHA", "PUBLISHED", "BY", "SIZE", "RECOVERABLE", "LIVE", "TAGS"), rows)


def _recoverable(replica: Replica | None, found: Sequence[Manifest]) -> Mapping[str, Recovery]:
    """Return by SHA what is known of each release in the replica, and tell what else there is to know."""
    states = replica.states(found) if replica else {}
    telling = (Recovery.DIFFERS, Recovery.UNKNOWN)
    for why in dict.fromkeys(state.why for state in states.values() if state.recovery in telling):
        tell(f"warning: {why}")
    return {sha: state.recovery for sha, state in states.items()}


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
