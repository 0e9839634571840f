"""Finds the fleets that a command is about."""

from __future__ import annotations

import argparse

from release.errors import ReleaseError
from release.rollout.observe import Fleets
from release.rollout.observed import DeployedFleet


def found(arguments: argparse.Namespace, stack: str, fleets: Fleets) -> list[DeployedFleet]:
    """Return the fleets of the stack. Raises ReleaseError if the region has none."""
    there = fleets.of_stack(stack)
    if not there:
        raise ReleaseError(f"region {arguments.region or 'of the environment'} has no fleet of stack {stack}")
    return there
