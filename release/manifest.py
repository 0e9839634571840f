"""The manifest: the record that makes a release exist. Its JSON is `releases/<sha>/manifest.json`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, cast

from release.errors import ManifestError

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class ImageName:
    """A machine image by what is the same in every region: its name, and the owner to look for (`amazon`, an id)."""

    name: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class Source:
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
    source: Source
    build: str | None
    published_at: datetime
    published_by: str


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
        "published": {"at": timestamp(manifest.published_at), "by": manifest.published_by},
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def timestamp(moment: datetime) -> str:
    """RFC 3339, in UTC, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_json(text: str | bytes, where: str) -> Manifest:
    """The manifest that `text` is; ManifestError with every problem at once, each at its path, below `where`."""
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{where}: not JSON ({error})") from None
    reader = Reader(document)
    schema = reader.take("schema", int)
    if schema is not None and schema != SCHEMA:
        raise ManifestError(f"{where}: schema {schema}; this version of slipway reads {SCHEMA}: update slipway")
    fields = _fields(reader)
    problems = reader.finish()
    if problems:
        raise ManifestError(f"{where}: not a manifest: {'; '.join(problems)}")
    return Manifest(**fields)


def _fields(reader: Reader) -> dict[str, Any]:
    image, source = reader.inner("image"), reader.inner("source")
    published = reader.inner("published")
    build = reader.inner("build") if reader.has("build") else reader.null("build")
    return {
        "sha": reader.take("sha", str, _matches(r"[0-9a-f]{40}", "40 hex digits")),
        "digest": reader.take("digest", str, _matches(r"[0-9a-f]{64}", "64 hex digits")),
        "size": reader.take("size", int),
        "image": ImageName(name=image.take("name", str) or "", owner=image.take("owner", str) or ""),
        "processes": reader.strings("processes"),
        "tags": tuple(reader.string_list("tags")),
        "source": Source(
            repository=source.take("repository", str) or "",
            directory=source.take("directory", str) or "",
            committed=source.moment("committed"),
        ),
        "build": build.take("command", str) if build else None,
        "published_at": published.moment("at"),
        "published_by": published.take("by", str),
    }


def _matches(pattern: str, wanted: str) -> Callable[[str], str | None]:
    return lambda value: None if re.fullmatch(pattern, value) else f"must be {wanted}, is {value!r}"


class Reader:
    """Takes typed values out of a JSON object, and collects what is wrong with it."""

    def __init__(self, document: object, path: str = "", problems: list[str] | None = None) -> None:
        self._path = path
        self.problems: list[str] = [] if problems is None else problems
        self._children: list[Reader] = []
        self._values: dict[str, object] = {}
        if isinstance(document, dict):
            self._values = dict(cast("dict[str, object]", document))
        else:
            self.problems.append(f"{path.rstrip('.') or 'the document'}: must be an object")

    def has(self, key: str) -> bool:
        """Whether there is a value that isn't null."""
        return self._values.get(key) is not None

    def take(
        self, key: str, kind: type[Any] | tuple[type[Any], ...], check: Callable[[Any], str | None] | None = None
    ) -> Any:  # noqa: ANN401 - `kind` says what it is, and is checked
        """The value of that type; None, and a problem noted, where it is something else."""
        value = self._values.pop(key, None)
        if value is None:
            return self._wrong(key, "missing")
        if not isinstance(value, kind) or isinstance(value, bool):
            return self._wrong(key, f"must be {_type_name(kind)}, is {json.dumps(value)[:60]}")
        problem = check(value) if check else None
        return self._wrong(key, problem) if problem else value

    def null(self, key: str) -> None:
        """Take a value that has to be there and null."""
        if key not in self._values:
            self._wrong(key, "missing")
        self._values.pop(key, None)

    def inner(self, key: str) -> Reader:
        """The object below that key."""
        child = Reader(self._values.pop(key, None), f"{self._path}{key}.", self.problems)
        self._children.append(child)
        return child

    def moment(self, key: str) -> datetime:
        """An RFC 3339 time."""
        value = self.take(key, str) or "1970-01-01T00:00:00Z"
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            self._wrong(key, f"must be an RFC 3339 time, is {value!r}")
            return datetime.fromtimestamp(0, tz=timezone.utc)
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

    def strings(self, key: str) -> dict[str, str]:
        """An object of strings."""
        value: dict[str, object] = self.take(key, dict) or {}
        for name, inner in value.items():
            if not isinstance(inner, str):
                self._wrong(f"{key}.{name}", "must be a string")
        return {name: str(inner) for name, inner in value.items()}

    def string_list(self, key: str) -> list[str]:
        """A list of strings."""
        value: list[object] = self.take(key, list) or []
        if not all(isinstance(inner, str) for inner in value):
            self._wrong(key, "must hold strings only")
        return [str(inner) for inner in value]

    def finish(self) -> list[str]:
        """All problems, including keys that nothing took."""
        for reader in (self, *self._children):
            self.problems.extend(f"{reader._path}{key}: unknown" for key in reader._values)
        return self.problems

    def _wrong(self, key: str, problem: str) -> None:
        self.problems.append(f"{self._path}{key}: {problem}")


def _type_name(kind: type[Any] | tuple[type[Any], ...]) -> str:
    names = {str: "a string", int: "a whole number", float: "a number", dict: "an object", list: "a list"}
    return names[kind[-1] if isinstance(kind, tuple) else kind]
