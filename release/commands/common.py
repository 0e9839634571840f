"""What the commands of `python -m release` share: where the store is, and how a result is printed."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence

from release.clients import client, explained
from release.errors import StoreError
from release.rollout.fleets import Fleets
from release.store.manifest import Manifest, to_json
from release.store.releases import Store
from release.text import clean, one_line

Declare = Callable[..., argparse.ArgumentParser]
"""argparse's `add_parser`."""
DEFAULT_IMAGE = ("al2023-ami-2023.*-kernel-6.1-x86_64", "amazon")


def common() -> argparse.ArgumentParser:
    """The options that every command takes."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument("--bucket", help="the release store; default: SLIPWAY_BUCKET, else the bucket of the stack")
    parent.add_argument("--stack", help="the stack whose bucket it is; default: PULUMI_STACK")
    parent.add_argument("--region", help="default: as for the AWS CLI")
    parent.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parent


def open_store(arguments: argparse.Namespace) -> Store:
    """The store that the options and the environment name."""
    return Store(bucket_name(arguments), client("s3", arguments.region))


def bucket_name(arguments: argparse.Namespace) -> str:
    """`--bucket`, `SLIPWAY_BUCKET`, what the stack's fleets are tagged with, or `slipway-<stack>-<account>-<region>`.

    StoreError where none of them is known.
    """
    named = arguments.bucket or ("" if arguments.stack else os.environ.get("SLIPWAY_BUCKET"))
    if named:
        return str(named)
    stack = stack_name(arguments)
    fleets = Fleets(arguments.region)
    with explained("look for its fleets", f"region {fleets.region}"):
        tagged = next((found.store for found in fleets.of_stack(stack) if found.store), None)
    if tagged:
        return tagged
    sts = client("sts", arguments.region)
    with explained("find out the account", "AWS STS"):
        account: str = sts.get_caller_identity()["Account"]
    return f"slipway-{stack}-{account}-{sts.meta.region_name}"


def stack_name(arguments: argparse.Namespace) -> str:
    """`--stack` or `PULUMI_STACK`, without Pulumi's organization and project; else the one that the region has."""
    if stack := arguments.stack or os.environ.get("PULUMI_STACK"):
        name = str(stack).rpartition("/")[2]
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name):  # as Pulumi has it
            raise StoreError(f"--stack (or PULUMI_STACK): {name[:100]!r} is not the name of a stack")
        return name
    fleets = Fleets(arguments.region)
    with explained("look for stacks", f"region {fleets.region}"):
        stacks = fleets.stacks()
    if len(stacks) != 1:
        known = f"region {fleets.region} has {', '.join(stacks) or 'none'}"
        raise StoreError(f"which stack? {known}: give --stack (or PULUMI_STACK), or --bucket (or SLIPWAY_BUCKET)")
    return stacks[0]


def as_json(value: object) -> None:
    """Print JSON."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def document(manifest: Manifest) -> Mapping[str, object]:
    """A manifest as it is in the store."""
    return json.loads(to_json(manifest))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as they need to be; whatever somebody wrote into a cell stays in it."""
    headings, *rows = [[one_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    for row in (headings, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def tell(line: str) -> None:
    """Say something to the person who waits; standard output is for results."""
    sys.stderr.write(clean(line, 100_000) + "\n")
