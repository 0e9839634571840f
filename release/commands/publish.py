"""`publish`: put a commit into the release store."""

from __future__ import annotations

import argparse

from release import defaults
from release.artifact.build import Build
from release.clients import client
from release.commands import options
from release.commands.options import open_store
from release.commands.output import as_json, document, progress, progress_ended, tell
from release.errors import StoreError
from release.store import arrival, publish
from release.store.ledger import Ledger
from release.store.manifest import ImageName

HELP = "put a commit into the release store"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("ref", metavar="REF", help="a SHA, tag, branch, HEAD~2, …")
    command.add_argument("--repository", default=".", help="path or URL (default: here)")
    command.add_argument("--directory", help="deploy only this directory (default: all of the repository)")
    command.add_argument("--build", metavar="COMMAND", help="run this in a clean copy, and publish the result")
    command.add_argument("--build-timeout", type=float, default=900.0, metavar="SECONDS")
    command.add_argument(
        "--build-trusted", action="store_true", help="let the build read this machine's files, including credentials"
    )
    command.add_argument("--image-name", default=defaults.IMAGE_NAME, metavar="PATTERN", help="machine image to boot")
    command.add_argument("--image-owner", default=defaults.IMAGE_OWNER, metavar="OWNER")
    command.add_argument(
        "--wait", type=float, default=900.0, metavar="SECONDS", help="for the store's replica, at most"
    )
    command.add_argument("--no-wait", action="store_true", help="leave it to replication")
    command.add_argument("--dry-run", action="store_true", help="print what would be published, and change nothing")


def run(arguments: argparse.Namespace) -> None:
    """Publish the commit, unless it is published already. Raises ReleaseError."""
    store = open_store(arguments)
    prepared = publish.prepare(
        repository=arguments.repository,
        ref=arguments.ref,
        directory=arguments.directory,
        store=store,
        image=lambda: _newest(arguments),
        build=_build(arguments),
        served=Ledger(store.bucket, client("s3", arguments.region)).digests,
        keep=not arguments.dry_run,
    )
    for note in prepared.notes:
        tell(f"warning: {note}")
    if arguments.dry_run:
        _print_plan(prepared, as_document=arguments.json)
        return
    manifest = publish.publish(prepared, store, output=tell)
    said = f"{'already published' if prepared.already_published else 'published'} {manifest.sha}"
    replica = None if arguments.no_wait else options.replica(store, arguments)
    found = arrival.wait(replica, manifest, arguments.wait, tell=progress) if replica else None
    progress_ended()
    if arguments.json:
        as_json({**document(manifest), "recoverable": found.state.recoverable if found else None})
    else:
        print(f"{said}, {arrival.arrived(replica, found)}" if replica and found and found.state.recoverable else said)
    if found and not found.state.recoverable:
        raise StoreError(
            f"release {manifest.sha} is published, but not recoverable after {found.seconds:.0f} s: {found.state.why}; "
            "run this again to wait longer, or `python -m release replicate`; --no-wait leaves it to replication"
        )


def _build(arguments: argparse.Namespace) -> Build | None:
    if not arguments.build:
        return None
    return Build(command=arguments.build, timeout=arguments.build_timeout, trusted=arguments.build_trusted)


def _newest(arguments: argparse.Namespace) -> ImageName:
    wanted = ImageName(name=arguments.image_name, owner=arguments.image_owner)
    return publish.newest_image(wanted, client("ec2", arguments.region))


def _print_plan(plan: publish.Publication, *, as_document: bool) -> None:
    facts = {"sha": plan.sha, "digest": plan.digest, "published": plan.already_published, "image": plan.image.name}
    if as_document:
        as_json(facts)
    else:
        print(f"{plan.sha} is published" if plan.already_published else f"would publish {plan.sha}")
