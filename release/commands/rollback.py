"""`rollback`: take the fleets back to the last good release, with nothing but AWS."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict, replace

from release.clients import client
from release.commands import fleets, word
from release.commands.options import published, stack_name
from release.commands.output import as_json, tell
from release.errors import ReleaseError
from release.notify.fact import ROLLBACK
from release.notify.word import Word
from release.phase.left import not_run
from release.rollout.aws import Aws
from release.rollout.observed import DeployedFleet
from release.rollout.rollback import Rollback
from release.store.ledger import Ledger
from release.store.notes import Notes
from release.store.releases import Store

HELP = "back to the last good release, with nothing but AWS"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--to", metavar="REF", help="a published SHA, seven or more digits of it, or a tag")
    command.add_argument("--fleet", action="append", help="only this fleet (may be given several times)")


def run(arguments: argparse.Namespace) -> None:
    """Roll the fleets back and print what they serve then. Raises ReleaseError."""
    aws = Aws(arguments.region)
    stack = stack_name(arguments)
    chosen = _chosen(fleets.found(arguments, stack, aws.fleets), arguments.fleet)
    s3 = client("s3", arguments.region)
    rollback = Rollback(
        stack=stack,
        aws=aws,
        store=Store(chosen[0].store, s3),
        ledger=Ledger(chosen[0].store, s3),
        tell=tell,
    )
    release = published(rollback.store, arguments.to) if arguments.to else rollback.choose_release(chosen)
    targets = [rollback.target(fleet, release) for fleet in chosen]
    if left := not_run(stack, Notes(chosen[0].store, "phases", s3)):
        tell(left)
    spoken = _word(rollback, chosen, release.sha)
    try:
        with word.spread(spoken):
            served = asyncio.run(replace(rollback, heard=spoken.heard).run(targets))
    except KeyboardInterrupt:
        raise ReleaseError(
            "stopped watching; what was started goes on in AWS: `python -m release status` shows it"
        ) from None
    if arguments.json:
        as_json({name: asdict(serving) for name, serving in served.items()})
        return
    for target in targets:
        print(f"{target.fleet.name}: {served[target.fleet.name]}")
    print(f"so that the next `pulumi up` agrees: pulumi config set --path slipway:release.sha {release.sha}")


def _word(rollback: Rollback, chosen: Sequence[DeployedFleet], sha: str) -> Word:
    region = rollback.aws.fleets.region
    told = word.looked_up(rollback.stack, region)
    return Word(
        told=told,
        stack=rollback.stack,
        region=region,
        sha=sha,
        fleets=[fleet.name for fleet in chosen],
        action=ROLLBACK,
        before=rollback.leaves(chosen) if told.targets else None,
    )


def _chosen(there: Sequence[DeployedFleet], names: Sequence[str] | None) -> list[DeployedFleet]:
    missing = sorted(set(names or ()) - {fleet.name for fleet in there})
    if missing:
        known = ", ".join(fleet.name for fleet in there)
        raise ReleaseError(f"there is no fleet {', '.join(missing)}; the stack has {known}")
    return [fleet for fleet in there if not names or fleet.name in names]
