"""`diff`: what differs between two releases, from their manifests and artifacts, and from git where it is at hand."""

from __future__ import annotations

import argparse
import tarfile
from pathlib import Path

from release.artifact import temporary
from release.artifact.archive import file_digest
from release.commands.options import open_store, published
from release.commands.output import as_json
from release.errors import RevisionError
from release.source import revision
from release.store.manifest import Manifest
from release.store.releases import Store
from release.text import one_line

HELP = "what differs between two releases"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("old", metavar="A")
    command.add_argument("new", metavar="B")
    command.add_argument("--repository", default=".", help="where to look up the commits (default: here)")


def run(arguments: argparse.Namespace) -> None:
    """Print what differs. Raises RevisionError or StoreError."""
    store = open_store(arguments)
    old, new = published(store, arguments.old), published(store, arguments.new)
    facts = {
        "old": old.sha,
        "new": new.sha,
        "image": None if old.image == new.image else [old.image.name, new.image.name],
        "processes": changed(old.processes, new.processes),
        "commits": _commits(arguments.repository, old, new),
        "files": _files(store, old, new),
    }
    if arguments.json:
        as_json(facts)
        return
    print(f"{old.sha} .. {new.sha}")
    if old.image != new.image:
        print(f"image: {old.image.name} -> {new.image.name}")
    for title in ("processes", "commits", "files"):
        found = facts[title]
        print(f"{title}:" if found else f"{title}: {'git does not have both' if found is None else 'the same'}")
        for line in found or ():
            print(f"  {one_line(line)}")


def changed(old: object, new: object) -> list[str]:
    """Return how two mappings differ, a line for each key: `+` new, `-` gone, `~` changed."""
    before, after = dict[str, object](old), dict[str, object](new)  # type: ignore[call-overload]
    signs = {name: "+" if name not in before else "-" if name not in after else "~" for name in {**before, **after}}
    return [f"{sign} {name}" for name, sign in sorted(signs.items()) if before.get(name) != after.get(name)]


def _commits(repository: str, old: Manifest, new: Manifest) -> list[str] | None:
    """Return the commits between them, or None where git can't tell: the comparison works without git."""
    try:
        revision.resolve(repository, old.sha)
        return revision.log(revision.resolve(repository, new.sha), old.sha)
    except RevisionError:
        return None


def _files(store: Store, old: Manifest, new: Manifest) -> list[str]:
    """Compare the artifacts themselves, since they are what runs."""
    if old.digest == new.digest:
        return []
    with temporary.folder() as own:
        return changed(*(_contents(store, manifest, own) for manifest in (old, new)))


def _contents(store: Store, manifest: Manifest, own: Path) -> dict[str, tuple[object, ...]]:
    path = own / f"{manifest.sha}.tar.gz"
    store.download(manifest, path)
    with tarfile.open(path) as archive:
        return {member.name: _content(archive, member) for member in archive}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[object, ...]:
    stream = archive.extractfile(member) if member.isreg() else None
    return member.type, member.mode, member.linkname, file_digest(stream) if stream else ""
