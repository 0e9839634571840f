"""What the options shared by all commands name: the stack, its bucket, a published release."""

from __future__ import annotations

import argparse
import os
import re

from botocore.config import Config

from release import names
from release.clients import CONFIG, client, explained
from release.commands.output import tell
from release.errors import RevisionError, StoreError
from release.rollout.observe import Fleets
from release.source import refs
from release.store import lookup
from release.store.manifest import Manifest
from release.store.releases import Store
from release.store.replica import Replica


def common() -> argparse.ArgumentParser:
    """Return a parent parser with the options that every command takes."""
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument("--bucket", help="the release store; default: SLIPWAY_BUCKET, else the stack's bucket")
    parent.add_argument("--stack", help="the stack whose bucket to use; default: PULUMI_STACK")
    parent.add_argument("--region", help="default: as for the AWS CLI")
    parent.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parent


def open_store(arguments: argparse.Namespace) -> Store:
    """Return the store that the options and the environment name. Raises StoreError as `bucket_name` does."""
    return Store(bucket_name(arguments), client("s3", arguments.region))


def replica(store: Store, arguments: argparse.Namespace) -> Replica | None:
    """Return the store's replica, or None if it has none, or, with a warning, if the caller may not ask for it."""
    try:
        return Replica.of(store.bucket, client("s3", arguments.region))
    except StoreError as error:
        tell(f"warning: whether the store has a replica is not known: {error}")
        return None


def bucket_name(arguments: argparse.Namespace, config: Config = CONFIG) -> str:
    """Return the bucket: `--bucket`, SLIPWAY_BUCKET, the tag of the stack's fleets, or the default bucket's name.

    Raises StoreError if none of them is known.
    """
    named = arguments.bucket or ("" if arguments.stack else os.environ.get("SLIPWAY_BUCKET"))
    if named:
        return str(named)
    stack = stack_name(arguments, config)
    fleets = Fleets(arguments.region, config)
    with explained("look for its fleets", f"region {fleets.region}"):
        tagged = next((found.store for found in fleets.of_stack(stack) if found.store), None)
    if tagged:
        return tagged
    sts = client("sts", arguments.region, config)
    with explained("find out the account", "AWS STS"):
        account: str = sts.get_caller_identity()["Account"]
    return names.bucket_name(stack, account, sts.meta.region_name)


def stack_name(arguments: argparse.Namespace, config: Config = CONFIG) -> str:
    """Return `--stack` or PULUMI_STACK, without Pulumi's organization and project; else the region's only stack.

    Raises StoreError if the name is malformed, or if the region has no stack or several.
    """
    if stack := arguments.stack or os.environ.get("PULUMI_STACK"):
        name = str(stack).rpartition("/")[2]
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name):  # Pulumi's own rule
            raise StoreError(f"--stack (or PULUMI_STACK): {name[:100]!r} is not the name of a stack")
        return name
    fleets = Fleets(arguments.region, config)
    with explained("look for stacks", f"region {fleets.region}"):
        stacks = fleets.stacks()
    if len(stacks) != 1:
        known = f"region {fleets.region} has {', '.join(stacks) or 'none'}"
        raise StoreError(f"which stack? {known}: give --stack (or PULUMI_STACK), or --bucket (or SLIPWAY_BUCKET)")
    return stacks[0]


def published(store: Store, ref: str) -> Manifest:
    """Return the release that `ref` names. Raises RevisionError, listing the newest ones, if it isn't published."""
    found = lookup.find(store, refs.check(ref))
    if found is None:
        known = lookup.lines(store.list(10)) or "  none"
        raise RevisionError(f"{ref!r} is not published in {store.where}; the newest that are:\n{known}")
    return found
