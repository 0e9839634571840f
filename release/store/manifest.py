"""The manifest: the record that makes a release exist. Its JSON is `releases/<sha>/manifest.json`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from release.errors import ManifestError
from release.store.reader import Reader, number, parse, told
from release.text import one_line

SCHEMA = 1
LIMIT_BYTES = 1 << 20
"""What is larger is no manifest, and is not read."""


@dataclass(frozen=True, kw_only=True)
class ImageName:
    """A machine image by what is the same in every region: its name, and the owner to look for (`amazon`, an id)."""

    name: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the files came from; `directory` is "" for the whole tree."""

    repository: str
    directory: str
    committed: datetime


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
    """The publisher's ARN, as AWS knows it; None where it could not be asked, or was not yet."""


def to_json(manifest: Manifest) -> str:
    """The manifest as JSON, keys sorted, one line at the end."""
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
    """RFC 3339, in UTC, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_json(text: str | bytes, where: str) -> Manifest:
    """The manifest that `text` is; ManifestError with every problem at once, each at its path, below `where`."""
    if len(text) > LIMIT_BYTES:
        raise ManifestError(f"{where}: not a manifest: over {LIMIT_BYTES} bytes")
    try:
        document = parse(text)
    except ValueError as error:
        raise ManifestError(f"{where}: not JSON ({error})") from None
    reader = Reader(document)
    schema = reader.take("schema", int)
    if schema is not None and schema != SCHEMA:
        raise ManifestError(
            f"{where}: schema {one_line(schema, 20)}; this version of slipway reads {SCHEMA}: update slipway"
        )
    fields = _fields(reader)
    problems = reader.finish()
    if problems:
        raise ManifestError(f"{where}: not a manifest: {told(problems)}")
    return Manifest(**fields)


def _fields(reader: Reader) -> dict[str, Any]:
    image, source = reader.inner("image"), reader.inner("source")
    published = reader.inner("published")
    build = reader.inner("build") if reader.has("build") else reader.null("build")
    return {
        "sha": reader.take("sha", str, _matches(r"[0-9a-f]{40}", "40 hex digits")),
        "digest": reader.take("digest", str, _matches(r"[0-9a-f]{64}", "64 hex digits")),
        "size": reader.take("size", int, number),
        "image": ImageName(name=image.take("name", str) or "", owner=image.take("owner", str) or ""),
        "processes": reader.strings("processes"),
        "tags": tuple(reader.string_list("tags")),
        "source": Origin(
            repository=source.take("repository", str) or "",
            directory=source.take("directory", str) or "",
            committed=source.moment("committed"),
        ),
        "build": build.take("command", str) if build else None,
        "published_at": published.moment("at"),
        "published_by": one_line(published.take("by", str) or ""),
        "published_as": one_line(published.optional("caller", str) or "") or None,
    }


def _matches(pattern: str, wanted: str) -> Callable[[str], str | None]:
    return lambda value: None if re.fullmatch(pattern, value) else f"must be {wanted}, is {value[:60]!r}"
