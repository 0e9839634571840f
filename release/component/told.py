"""How the program ends on an error that comes while resources are made: told once, and not a second time for its exit.

Pulumi's language host takes every exit status but 32 for an error that nobody was told of, and adds one that says so.
Its Python runtime tells a RunError, and leaves with 1.
"""

from __future__ import annotations

import atexit
import os
import sys

import pulumi

from release.errors import ReleaseError

USER_WAS_TOLD = 32
_told: list[str] = []


def run_error(error: ReleaseError) -> pulumi.RunError:
    """What to raise inside an `apply`: Pulumi tells its text when nothing else is under way any more."""
    _told.append(str(error))
    return pulumi.RunError(str(error))


def leave_with_one_error() -> None:
    """For the program to call, once: where it ends on a `run_error`, that is the last that is heard of it."""
    atexit.register(_leave)


def _leave() -> None:
    if _told:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(USER_WAS_TOLD)
