"""`replicate`: bring over to the store's replica what replication has left behind."""

from __future__ import annotations

import argparse

from release.clients import client
from release.commands.options import open_store
from release.commands.output import as_json, progress, progress_ended, tell
from release.errors import ReleaseError, StoreError
from release.store.bring_over import Crossing, Outcome
from release.store.releases import Store
from release.store.replica import Replica

HELP = "bring over to the other region what replication has left behind"
_SHOWN = 10


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--timeout", type=float, default=3600.0, metavar="SECONDS", help="default: 3600")
    command.add_argument("--dry-run", action="store_true", help="print how much is missing, and change nothing")


def run(arguments: argparse.Namespace) -> None:
    """Replicate what was published before there was a replica, or while replication was stalled.

    Raises ReleaseError if anything is not recoverable afterwards.
    """
    store = open_store(arguments)
    replica = Replica.of(store.bucket, client("s3", arguments.region))
    if replica is None:
        raise StoreError(
            f"{store.where} is not replicated to another region: set artifacts.replica.region "
            "(`pulumi config set --path slipway:artifacts.replica.region REGION`) and run `pulumi up`"
        )
    crossing = Crossing.of(store, replica)
    if arguments.dry_run:
        _show(store, replica, arguments, missing=crossing.difference().missing)
        return
    try:
        outcome = crossing.bring_over(arguments.timeout, progress)
    finally:
        progress_ended()
    _show(store, replica, arguments, brought=outcome.brought)
    _refuse(outcome, replica)


def _show(store: Store, replica: Replica, arguments: argparse.Namespace, **counted: int) -> None:
    if arguments.json:
        as_json({"bucket": store.bucket, "replica": replica.bucket, "region": replica.region, **counted})
        return
    ((what, count),) = counted.items()
    objects = "1 object" if count == 1 else f"{count} objects"
    done = f"{objects} replicated" if what == "brought" else f"{objects} would be replicated"
    print(f"{done} from {store.bucket} to {replica.bucket} in {replica.region}")


def _refuse(outcome: Outcome, replica: Replica) -> None:
    """Raise ReleaseError, saying what is not recoverable, if anything is not."""
    for sha, state in list(outcome.not_recoverable.items())[:_SHOWN]:
        tell(f"release {sha} is not recoverable: {state.why}")
    left = outcome.left
    if outcome.not_recoverable or left.missing or left.differing:
        raise ReleaseError(
            f"{len(outcome.not_recoverable)} releases are not recoverable; in {replica.bucket} {left.missing} objects "
            f"are missing and {left.differing} differ ({', '.join(left.first) or 'none'}): run this again for what is "
            "missing; of what differs, remove the version that is not the original's (`aws s3api list-object-versions`)"
        )
