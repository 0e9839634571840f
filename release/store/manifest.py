"""The manifest: the record that makes a release exist. Its JSON is `releases/<sha>/manifest.json`. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated

from pydantic import Field

from release.errors import ManifestError
from release.store import document
from release.store.document import Document, Moment, Whole, matching
from release.text import one_line

SCHEMA = 1
LIMIT_BYTES = 1 << 20
"""A larger object can't be a manifest, and is not read."""


class ImageName(Document):
    """A machine image, named by what is the same in every region: its name and its owner (`amazon`, or an id)."""

    name: str
    owner: str


class Origin(Document):
    """Where the files came from; `directory` is "" for the whole tree."""

    repository: str
    directory: str
    committed: Moment


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A published release: the archive's SHA-256 (hex) and size in bytes, and the command that built it, if any."""

    sha: str
    digest: str
    size: int
    image: ImageName
    processes: Mapping[str, str]
    tags: tuple[str, ...]
    source: Origin
    build: str | None
    published_at: datetime
    published_by: str
    published_as: str | None = None
    """The publisher's ARN, as AWS reports it; None if it is not known (yet)."""


def to_json(manifest: Manifest) -> str:
    """Return the manifest as JSON with sorted keys, ending in a newline."""
    document = {
        "schema": SCHEMA,
        "sha": manifest.sha,
        "digest": manifest.digest,
        "size": manifest.size,
        "image": {"name": manifest.image.name, "owner": manifest.image.owner},
        "processes": dict(manifest.processes),
        "tags": list(manifest.tags),
        "source": {
            "repository": manifest.source.repository,
            "directory": manifest.source.directory,
            "committed": timestamp(manifest.source.committed),
        },
        "build": None if manifest.build is None else {"command": manifest.build},
        "published": {
            "at": timestamp(manifest.published_at),
            "by": manifest.published_by,
            **({"caller": manifest.published_as} if manifest.published_as else {}),
        },
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def timestamp(moment: datetime) -> str:
    """Return a time as RFC 3339 has it, in UTC, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Build(Document):
    command: str


class _Published(Document):
    at: Moment
    by: str
    caller: str | None = None


class _Document(Document):
    """The JSON, as docs/architecture.md has it."""

    schema_: Whole = Field(alias="schema")
    sha: Annotated[str, matching("[0-9a-f]{40}", "40 hex digits")]
    digest: Annotated[str, matching("[0-9a-f]{64}", "64 hex digits")]
    size: Whole
    image: ImageName
    processes: dict[str, str]
    tags: tuple[str, ...]
    source: Origin
    build: _Build | None
    published: _Published


def from_json(text: str | bytes, where: str) -> Manifest:
    """Return the manifest that `text` is. Raises ManifestError with every problem at once, each at its path."""
    found = document.read(
        _Document, text, where=where, what="a manifest", schema=SCHEMA, limit=LIMIT_BYTES, error=ManifestError
    )
    return Manifest(
        sha=found.sha,
        digest=found.digest,
        size=found.size,
        image=found.image,
        processes=found.processes,
        tags=found.tags,
        source=found.source,
        build=found.build.command if found.build else None,
        published_at=found.published.at,
        published_by=one_line(found.published.by),
        published_as=one_line(found.published.caller or "") or None,
    )
