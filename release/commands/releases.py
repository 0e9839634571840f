"""`publish`, `list`, `show`: what is in the store."""

from __future__ import annotations

import argparse

from release.artifact.build import Build
from release.clients import client
from release.commands.common import DEFAULT_IMAGE, Declare, as_json, document, open_store, table, tell
from release.errors import RevisionError
from release.source.revision import check_ref
from release.store import image, publish
from release.store.ledger import Ledger
from release.store.manifest import ImageName, Manifest
from release.store.releases import Store
from release.text import one_line

_EVENTS = 200
"""How far back `list` looks for what was ever live."""


def add(declare: Declare, common: argparse.ArgumentParser) -> None:
    """Declare them."""
    command = declare("publish", parents=[common], help="put a commit into the release store")
    command.add_argument("ref", metavar="REF", help="a SHA, tag, branch, HEAD~2, …")
    command.add_argument("--repository", default=".", help="path or URL (default: here)")
    command.add_argument("--directory", help="the directory of it to deploy (default: all)")
    command.add_argument("--build", metavar="COMMAND", help="run this in a clean copy, and publish the result")
    command.add_argument("--build-timeout", type=float, default=900.0, metavar="SECONDS")
    command.add_argument(
        "--build-trusted", action="store_true", help="let it see what you have on this machine, credentials among it"
    )
    command.add_argument("--image-name", default=DEFAULT_IMAGE[0], metavar="PATTERN", help="machine image to boot")
    command.add_argument("--image-owner", default=DEFAULT_IMAGE[1], metavar="OWNER")
    command.add_argument("--dry-run", action="store_true", help="say what would be published, and change nothing")
    command.set_defaults(run=_publish)
    command = declare("list", parents=[common], help="the releases that can be deployed, newest first")
    command.add_argument("--limit", type=int, default=20)
    command.set_defaults(run=_list)
    command = declare("show", parents=[common], help="one release")
    command.add_argument("ref", metavar="REF", help="a published SHA, seven or more digits of it, or a tag")
    command.add_argument("--verify", action="store_true", help="read the whole artifact, and check its digest")
    command.set_defaults(run=_show)


def published(store: Store, ref: str) -> Manifest:
    """The release that `ref` names; RevisionError, with those there are, where it isn't published."""
    found = publish.find(store, check_ref(ref))
    if found is None:
        known = publish.lines(store.list(10)) or "  none"
        raise RevisionError(f"{ref!r} is not published in {store.where}; the newest that are:\n{known}")
    return found


def _publish(arguments: argparse.Namespace) -> None:
    store = open_store(arguments)
    step = None
    if arguments.build:
        step = Build(command=arguments.build, timeout=arguments.build_timeout, trusted=arguments.build_trusted)
    plan = publish.prepare(
        repository=arguments.repository,
        ref=arguments.ref,
        directory=arguments.directory,
        store=store,
        image=lambda: _newest(arguments),
        build=step,
        served=Ledger(store.bucket, client("s3", arguments.region)).digests,
    )
    for note in plan.notes:
        tell(f"warning: {note}")
    if arguments.dry_run:
        _print_plan(plan, as_document=arguments.json)
        return
    manifest = publish.publish(plan, store, output=tell)
    if arguments.json:
        as_json(document(manifest))
    else:
        print(f"{'already published' if plan.already_published else 'published'} {manifest.sha}")


def _newest(arguments: argparse.Namespace) -> ImageName:
    found = image.newest(arguments.image_name, arguments.image_owner, client("ec2", arguments.region))
    return ImageName(name=found.name, owner=found.owner)


def _print_plan(plan: publish.Release, *, as_document: bool) -> None:
    facts = {"sha": plan.sha, "digest": plan.digest, "published": plan.already_published, "image": plan.image.name}
    if as_document:
        as_json(facts)
    else:
        print(f"{plan.sha} is published" if plan.already_published else f"would publish {plan.sha}")


def _list(arguments: argparse.Namespace) -> None:
    store = open_store(arguments)
    found = store.list(arguments.limit)
    served = _served(Ledger(store.bucket, client("s3", arguments.region)))
    if arguments.json:
        as_json([{**document(manifest), "served": served.get(manifest.sha)} for manifest in found])
        return
    rows = [
        (
            manifest.sha,
            f"{manifest.published_at:%Y-%m-%d %H:%M}",
            manifest.published_by,
            f"{manifest.size / 1e6:.1f} MB",
            served.get(manifest.sha, ""),
            " ".join(manifest.tags),
        )
        for manifest in found
    ]
    table(("SHA", "PUBLISHED", "BY", "SIZE", "LIVE", "TAGS"), rows)


def _served(ledger: Ledger) -> dict[str, str]:
    """By SHA, where a release is live ("now: prod/web") or that it was ("before"), as the ledger has it."""
    served: dict[str, str] = {}
    now: dict[str, list[str]] = {}
    for stack in ledger.stacks():
        good = (event for event in ledger.history(stack, limit=_EVENTS) if event.outcome == "succeeded")
        served.update({event.sha: "before" for event in good})
        for fleet, event in ledger.live(stack).items():
            now.setdefault(event.sha, []).append(f"{stack}/{fleet}")
    return served | {sha: f"now: {' '.join(sorted(fleets))}" for sha, fleets in now.items()}


def _show(arguments: argparse.Namespace) -> None:
    store = open_store(arguments)
    manifest = published(store, arguments.ref)
    (store.verify if arguments.verify else store.check)(manifest)
    if arguments.json:
        as_json(document(manifest))
        return
    facts = {
        "sha": manifest.sha,
        "tags": " ".join(manifest.tags) or "-",
        "digest": manifest.digest,
        "size": f"{manifest.size} bytes",
        "image": f"{manifest.image.name} ({manifest.image.owner})",
        "committed": f"{manifest.source.committed:%Y-%m-%d %H:%M} UTC",
        "source": " ".join(filter(None, (manifest.source.repository, manifest.source.directory))),
        "build": manifest.build or "-",
        "published": f"{manifest.published_at:%Y-%m-%d %H:%M} UTC by {manifest.published_by}",
        "caller": manifest.published_as or "-",
        **{f"process {name}": command for name, command in manifest.processes.items()},
    }
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        print(f"{one_line(name).ljust(width)}  {one_line(value)}")
