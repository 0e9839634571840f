"""`history` and `diff`: what was deployed, and what lies between two releases."""

from __future__ import annotations

import argparse
import json
import re
import tarfile
from pathlib import Path

from release.artifact import scratch
from release.clients import client
from release.commands.common import Declare, as_json, bucket_name, open_store, stack_name, table
from release.commands.releases import published
from release.errors import RevisionError
from release.source import revision
from release.store import ledger
from release.store.manifest import Manifest
from release.store.releases import Store
from release.text import one_line


def add(declare: Declare, common: argparse.ArgumentParser) -> None:
    """Declare them."""
    command = declare("history", parents=[common], help="what was deployed, newest first")
    command.add_argument("--fleet", help="default: every fleet of the stack")
    command.add_argument("--limit", type=_count, default=20)
    command.set_defaults(run=_history)
    command = declare("diff", parents=[common], help="what lies between two releases")
    command.add_argument("old", metavar="A")
    command.add_argument("new", metavar="B")
    command.add_argument("--repository", default=".", help="where the commits may be looked up (default: here)")
    command.set_defaults(run=_diff)


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number from 1 to 999999")
    return int(text)


def _history(arguments: argparse.Namespace) -> None:
    events = ledger.Ledger(bucket_name(arguments), client("s3", arguments.region)).history(
        stack_name(arguments), arguments.fleet, arguments.limit
    )
    if arguments.json:
        as_json([_document(event) for event in events])
        return
    rows = [
        (
            f"{event.when:%Y-%m-%d %H:%M:%S}",
            event.fleet,
            event.action,
            event.sha[:12],
            event.outcome,
            "" if event.seconds is None else f"{event.seconds:.0f} s",
            event.by,
            event.caller or "",
            event.reason or "",
        )
        for event in events
    ]
    table(("AT (UTC)", "FLEET", "ACTION", "SHA", "OUTCOME", "TOOK", "BY", "CALLER", "REASON"), rows)


def _document(event: ledger.Event) -> dict[str, object]:
    """As it is in the ledger, with the time at which S3 has it: that is what they are in order of."""
    stored = event.stored.isoformat().replace("+00:00", "Z") if event.stored else None
    return {**json.loads(ledger.to_json(event)), "stored": stored}


def _diff(arguments: argparse.Namespace) -> None:
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
    """What differs between two mappings, a line a key: `+` new, `-` gone, `~` changed."""
    before, after = dict[str, object](old), dict[str, object](new)  # type: ignore[call-overload]
    signs = {name: "+" if name not in before else "-" if name not in after else "~" for name in {**before, **after}}
    return [f"{sign} {name}" for name, sign in sorted(signs.items()) if before.get(name) != after.get(name)]


def _commits(repository: str, old: Manifest, new: Manifest) -> list[str] | None:
    """The commits between them; None where git can't tell: a comparison must not need it."""
    try:
        revision.resolve(repository, old.sha)
        return revision.log(revision.resolve(repository, new.sha), old.sha)
    except RevisionError:
        return None


def _files(store: Store, old: Manifest, new: Manifest) -> list[str]:
    """What the artifacts themselves say: this is what runs."""
    if old.digest == new.digest:
        return []
    with scratch.folder() as own:
        return changed(*(_contents(store, manifest, own) for manifest in (old, new)))


def _contents(store: Store, manifest: Manifest, own: Path) -> dict[str, tuple[object, ...]]:
    path = own / f"{manifest.sha}.tar.gz"
    store.download(manifest, path)
    with tarfile.open(path) as archive:
        return {member.name: _content(archive, member) for member in archive}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[object, ...]:
    from release.artifact.archive import file_digest  # noqa: PLC0415

    stream = archive.extractfile(member) if member.isreg() else None
    return member.type, member.mode, member.linkname, file_digest(stream) if stream else ""
