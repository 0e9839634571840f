"""`python -m release comment`: one comment on a pull request of GitHub."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from pathlib import Path

from release.commands.output import as_json
from release.errors import GitHubError
from release.github import comments
from release.github.api import GitHub
from release.github.place import place

HELP = "comment on a pull request of GitHub, or edit the comment that is there"


def add(command: argparse.ArgumentParser) -> None:
    command.description = (
        "The comment is found by the text's first line and by its author, who has to be the token's. Set GITHUB_TOKEN; "
        "a workflow has GITHUB_REPOSITORY and GITHUB_API_URL already."
    )
    command.add_argument(
        "file", metavar="FILE", help="the text, as `preview --markdown` writes it; - for standard input"
    )
    command.add_argument("--pull", type=_number, required=True, metavar="N", help="the pull request's number")
    command.add_argument("--repository", metavar="OWNER/NAME", help="default: GITHUB_REPOSITORY")


def run(arguments: argparse.Namespace) -> int:
    """Post the text, and print the comment's address."""
    body = read(arguments.file)
    github = GitHub(place(os.environ, arguments.repository), os.environ.get("GITHUB_TOKEN", ""))
    posted = comments.keep(github, arguments.pull, body)
    if arguments.json:
        as_json(asdict(posted))
    else:
        sys.stdout.write(f"{posted.action}: {posted.url}\n")
    return 0


def read(file: str) -> str:
    """Return a file's text, or that of standard input for `-`. Raises GitHubError."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8")
    except OSError as error:
        raise GitHubError(f"{file}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise GitHubError(f"{file}: is not UTF-8") from None


def _number(given: str) -> int:
    if not given.isascii() or not given.isdigit() or not 0 < int(given) < 2**31:
        raise argparse.ArgumentTypeError(f"{given[:20]!r} is not the number of a pull request")
    return int(given)
