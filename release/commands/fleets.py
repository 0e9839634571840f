"""Finds the fleets that a command is about."""

from __future__ import annotations

import argparse

from release.clients import client
from release.errors import ReleaseError
from release.rollout.observe import Fleets
from release.rollout.observed import DeployedFleet
from release.store.ledger import Ledger


def found(arguments: argparse.Namespace, stack: str, fleets: Fleets) -> list[DeployedFleet]:
    """Return the fleets of the stack. Raises ReleaseError if the region has none."""
    there = fleets.of_stack(stack)
    if not there:
        raise ReleaseError(f"region {arguments.region or 'of the environment'} has no fleet of stack {stack}")
    return there


def refuse_unknown(arguments: argparse.Namespace, stack: str, bucket: str) -> None:
    """Raise ReleaseError if neither the region nor the ledger knows the stack: its name may be mistyped."""
    if Fleets(arguments.region).of_stack(stack) or Ledger(bucket, client("s3", arguments.region)).fleets(stack):
        return
    raise ReleaseError(
        f"region {arguments.region or 'of the environment'} has no fleet of stack {stack}, and the ledger of {bucket} "
        "does not know it either: check --stack and --region"
    )
