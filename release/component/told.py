"""How the program tells of what happens while resources are made: progress, warnings, and its one error.

Pulumi's language host takes every exit status but 32 for an error that nobody was told of, and adds one that says so.
Its Python runtime tells a RunError, and leaves with 1.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from typing import cast

import pulumi

from release.errors import ReleaseError

USER_WAS_TOLD = 32
_told: list[str] = []


def run_error(error: ReleaseError) -> pulumi.RunError:
    """Return what to raise inside an `apply`: Pulumi tells its text once nothing else is under way."""
    _told.append(str(error))
    return pulumi.RunError(str(error))


def leave_with_one_error() -> None:
    """Have the program, if it ends on a `run_error`, say nothing after that. To be called once."""
    atexit.register(_leave)


def _leave() -> None:
    if _told:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(USER_WAS_TOLD)


class _Named:
    """As much of a resource as pulumi.log needs: in a hook the resource itself has no URN yet."""

    def __init__(self, urn: str) -> None:
        self.urn = pulumi.Output.from_input(urn)


def _resource(urn: str) -> pulumi.Resource:
    return cast("pulumi.Resource", _Named(urn))


def teller(urn: str) -> Callable[[str], None]:
    """Return what shows progress on the resource's own line: redrawn on a terminal, a line a change in a log."""
    resource = _resource(urn)
    return lambda line: pulumi.log.info(line, resource=resource, ephemeral=True)


def answer(urn: str, line: str) -> None:
    """Say what came of the resource; the line stays."""
    pulumi.log.info(line, resource=_resource(urn))


def warner(urn: str) -> Callable[[str], None]:
    """Return what warns of the resource; warnings stay."""
    resource = _resource(urn)
    return lambda line: pulumi.log.warn(line, resource=resource)
