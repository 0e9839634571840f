"""`drift`: what somebody changed in AWS by hand."""

from __future__ import annotations

import argparse
import os
import sys

from release.clients import FAILURES, client
from release.commands import project
from release.commands.options import bucket_name
from release.commands.output import as_json, progress, progress_ended, tell
from release.errors import PreviewError, ReleaseError
from release.github import issues
from release.github.api import GitHub
from release.github.place import place
from release.maintenance.record import Record
from release.preview import drift_page, refresh
from release.preview.drift import Drift, to_json

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
    command.add_argument(
        "--issue",
        action="store_true",
        help="keep one issue open on GitHub as long as there is drift (GITHUB_TOKEN, GITHUB_REPOSITORY)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what is different in AWS, and return the exit status."""
    if arguments.json and arguments.markdown:
        raise PreviewError("give one of --json and --markdown")
    github = GitHub(place(os.environ, None), os.environ.get("GITHUB_TOKEN", "")) if arguments.issue else None
    pulumi = project.engine(arguments)
    try:
        stack, found = refresh.look(pulumi, arguments.region, show=progress)
    finally:
        progress_ended()
    if arguments.json:
        as_json(to_json(stack, found))
    else:
        sys.stdout.write(drift_page.page(stack, found) if arguments.markdown else drift_page.plain(stack, found))
        if said := _maintenance(arguments, stack):
            tell(said)
    if github:
        tell(keep(github, stack, found))
    return DRIFTED if found.found else 0


def _maintenance(arguments: argparse.Namespace, stack: str) -> str:
    """Return who has put the stack into maintenance, whose rules are no drift; "" if nobody has, or it is not known."""
    try:
        s3 = client("s3", arguments.region)
        current = Record(bucket_name(argparse.Namespace(**{**vars(arguments), "stack": stack})), s3).current(stack)
    except (ReleaseError, *FAILURES):
        return ""
    return f"{stack} is {current}; the balancer's rules for that are no drift" if current else ""


def keep(github: GitHub, stack: str, found: Drift) -> str:
    """Have one issue say what there is, and none where there is none; return what became of it, in one line."""
    if found.unknown and not found.found:
        return "issue: left as it is, because not everything could be compared"
    page = drift_page.page(stack, found)
    posted = issues.keep(github, f"{stack}: changed in AWS by hand", page, needed=found.found)
    return f"issue: {posted.action} {posted.url}".rstrip()
