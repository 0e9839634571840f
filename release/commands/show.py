"""`show`: one release, from its manifest."""

from __future__ import annotations

import argparse

from release.commands.options import open_store, published
from release.commands.output import as_json, document
from release.text import one_line

HELP = "one release"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("ref", metavar="REF", help="a published SHA, seven or more digits of it, or a tag")
    command.add_argument("--verify", action="store_true", help="download the whole artifact and check its digest")


def run(arguments: argparse.Namespace) -> None:
    """Print the release, once its artifact was found. Raises RevisionError or StoreError."""
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
