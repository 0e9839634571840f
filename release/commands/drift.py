"""`drift`: what somebody changed in AWS by hand."""

from __future__ import annotations

import argparse
import sys

from release.commands import project
from release.commands.output import as_json, progress, progress_ended
from release.errors import PreviewError
from release.preview import drift_page, refresh
from release.preview.drift import to_json

HELP = "what somebody changed in AWS by hand"
DRIFTED = 2
"""The exit status where there is some."""


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.description = (
        "Run it in the project's folder. Nothing is changed, neither in AWS nor in the state. Exit status 2 if there "
        "is drift, 1 if it could not be looked for."
    )
    project.add(command)
    command.add_argument("--markdown", action="store_true", help="print a page for an issue")


def run(arguments: argparse.Namespace) -> int:
    """Print what is different in AWS, and return the exit status."""
    if arguments.json and arguments.markdown:
        raise PreviewError("give one of --json and --markdown")
    pulumi = project.engine(arguments)
    try:
        stack, found = refresh.look(pulumi, arguments.region, show=progress)
    finally:
        progress_ended()
    if arguments.json:
        as_json(to_json(stack, found))
    else:
        sys.stdout.write(drift_page.page(stack, found) if arguments.markdown else drift_page.plain(stack, found))
    return DRIFTED if found.found else 0
