"""`thaw`: deploys to a stack that was frozen work again."""

from __future__ import annotations

import argparse
import os

from release import clock
from release.clients import client
from release.commands.freeze import reason
from release.commands.options import bucket_name, stack_name
from release.commands.output import as_json, tell
from release.notify import stored
from release.notify.fact import THAWED, Fact
from release.store.actor import actor
from release.store.freezes import Freezes

HELP = "let deploys to a frozen stack work again"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--reason", type=reason, help="why, for the record")


def run(arguments: argparse.Namespace) -> None:
    """End the stack's freeze, whoever began it; a stack that is not frozen stays as it is. Raises StoreError."""
    stack = stack_name(arguments)
    freezes = Freezes(bucket_name(arguments), client("s3", arguments.region))
    there = freezes.last(stack)
    stands = there is not None and not there.is_over(clock.now(arguments.region))
    if stands:
        freezes.thaw(stack, arguments.reason)
    if arguments.json:
        as_json({"stack": stack, "thawed": stands})
    else:
        print(f"{stack} is thawed; it was {there}" if stands else f"{stack} is not frozen")
    if stands:
        fact = Fact(
            what=THAWED, stack=stack, by=actor(os.environ), region=arguments.region or "", reason=arguments.reason
        )
        for warning in stored.spread(stack, arguments.region, fact):
            tell(f"warning: {warning}")
