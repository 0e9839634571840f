"""`reviewed`: what was reviewed on the pull requests that a deploy brings, for `preview --reviewed`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from release.commands import options
from release.commands.output import as_json, tell
from release.errors import GitHubError, PreviewError
from release.github import reviewed
from release.github.api import GitHub
from release.github.place import place
from release.github.reviewed import Reviewed
from release.preview import fingerprint
from release.preview.fingerprint import Fingerprint

HELP = "what was reviewed on GitHub, for `preview --reviewed`"
_SHA = re.compile(r"[0-9a-f]{40}")


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.description = (
        "Looks for the pull requests merged since the stack's last deploy, and joins what their previews left. "
        "Set GITHUB_TOKEN; a workflow has GITHUB_REPOSITORY, GITHUB_SHA and GITHUB_API_URL already."
    )
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write it")
    command.add_argument("--commit", metavar="SHA", help="what is to be deployed; default: GITHUB_SHA")
    command.add_argument(
        "--since", metavar="SHA", help="what was; default: the last success in the environment of the stack's name"
    )
    command.add_argument("--repository", metavar="OWNER/NAME", help="default: GITHUB_REPOSITORY")


def run(arguments: argparse.Namespace) -> None:
    """Write the fingerprint of all that was reviewed. Raises GitHubError."""
    stack = options.stack_name(arguments)
    commit = _sha(arguments.commit or os.environ.get("GITHUB_SHA", ""), "--commit (or GITHUB_SHA)")
    since = _sha(arguments.since, "--since") if arguments.since else None
    github = GitHub(place(os.environ, arguments.repository), os.environ.get("GITHUB_TOKEN", ""))
    since = since or reviewed.last_deploy(github, stack)
    shas = reviewed.commits(github, since, commit)
    if len(shas) > reviewed.COMMITS:
        tell(f"warning: of {len(shas)} commits only the newest {reviewed.COMMITS} count: deploy more often")
        shas = shas[: reviewed.COMMITS]
    tell(f"{len(shas)} commits since {since[:12]}" if since else f"no deploy is known: only what {commit[:12]} brings")
    prints: list[Fingerprint] = []
    approved = reviewed.guarded(github)
    if not approved:
        tell(
            f"warning: the environment {reviewed.ENVIRONMENT} has no reviewers: whoever may push a branch can forge "
            "what was reviewed (SECURITY.md)"
        )
    for each in reviewed.find(github, stack, shas, approved=approved):
        found = _read(each)
        if found:
            prints.append(found)
    joined = fingerprint.joined(stack, prints)
    _write(arguments.out, fingerprint.to_json(joined))
    if arguments.json:
        as_json({"stack": stack, "since": since, "commits": shas, "pulls": len(prints), "digest": joined.digest})
    else:
        sys.stdout.write(f"{len(joined.steps)} reviewed steps of {len(prints)} pull requests: {joined.digest}\n")


def _read(found: Reviewed) -> Fingerprint | None:
    """Tell of a pull request, and return what was reviewed on it, if that can be had."""
    what = f"pull request #{found.number} ({found.head[:12]})"
    if found.document is None:
        tell(f"warning: {what}: {found.why}: what it changes of the stack counts as not reviewed")
        return None
    try:
        read = fingerprint.from_json(found.document)
    except PreviewError as error:
        tell(f"warning: {what}: {error}: what it changes of the stack counts as not reviewed")
        return None
    tell(f"{what}: {len(read.steps)} steps")
    return read


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise GitHubError(f"--out {path}: can't be written: {error.strerror}") from None


def _sha(given: str, option: str) -> str:
    if not _SHA.fullmatch(given):
        raise GitHubError(f"{option}: {given[:60]!r} is not a full SHA")
    return given
