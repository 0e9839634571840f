"""Reads the stack file as it was written: which values are encrypted, and how they were spelled.

The engine decrypts values, and only says of each top-level key whether a secret is in it. Numbers arrive as numbers,
however they were spelled: `0123456` is 42798 to YAML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml

Node: TypeAlias = Any  # a text as it was written, or a mapping or list of nodes

PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
CONFIG_FILE = "PULUMI_OPTION_CONFIG_FILE"
"""The variable that stands in for `--config-file`. The program cannot see the flag itself."""

_NULLS = ("", "~", "null")


class _Verbatim(yaml.SafeLoader):
    """Loads every scalar as text; only `<<` keeps its meaning."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML has it
        "<": [found for found in yaml.SafeLoader.yaml_implicit_resolvers["<"] if found[0].endswith(":merge")]
    }


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A stack file; `config` has what is below `config:`, by key."""

    path: Path
    config: Mapping[str, Node]

    def at(self, *keys: str) -> Node:
        """Return what was written there, or None."""
        found: Node = self.config
        for key in keys:
            found = cast("dict[str, Node]", found).get(key) if isinstance(found, dict) else None
        return found


def locate(folder: Path, stack: str, environment: Mapping[str, str]) -> Path:
    """Return the path of the stack file as the engine does: beside the project's file, or in its `stackConfigDir`."""
    given = environment.get(CONFIG_FILE)
    if given:
        return folder / given
    projects = (up / name for up in (folder, *folder.parents) for name in PROJECT_FILES)
    project = next((path for path in projects if path.is_file()), folder / PROJECT_FILES[0])
    settings = _load(project)
    below = settings.get("stackConfigDir") if isinstance(settings, dict) else None
    return project.parent / (below or "") / f"Pulumi.{stack}{project.suffix}"


def read(path: Path, project: str) -> StackFile | None:
    """Return the stack file, with the project's prefix removed from its keys; None if it cannot be read."""
    content = _load(path)
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        return None
    keys = cast("dict[str, Node]", config).items()
    return StackFile(path=path, config={key.removeprefix(f"{project}:"): node for key, node in keys})


def encrypted(node: Node, path: str) -> Iterator[str]:
    """Yield the paths of the encrypted values at and below a node."""
    if is_secure(node):
        yield path
    elif isinstance(node, dict):
        for key, inner in cast("dict[str, Node]", node).items():
            yield from encrypted(inner, f"{path}.{key}")
    elif isinstance(node, list):
        for index, inner in enumerate(cast("list[Node]", node)):
            yield from encrypted(inner, f"{path}[{index}]")


def is_secure(node: Node) -> bool:
    """Return whether a node is an encrypted value: `{secure: ciphertext}`."""
    return isinstance(node, dict) and set(cast("dict[str, Node]", node)) == {"secure"}


def agrees(node: Node, value: object) -> bool:
    """Return whether the engine's value can come from this node: the same keys and the same texts."""
    if is_secure(node):
        return True
    if isinstance(node, dict) and isinstance(value, Mapping):
        ours, theirs = cast("dict[str, Node]", node), cast("Mapping[str, object]", value)
        return ours.keys() == theirs.keys() and all(agrees(ours[key], theirs[key]) for key in ours)
    if isinstance(node, list) and isinstance(value, list):
        items, values = cast("list[Node]", node), cast("list[object]", value)
        return len(items) == len(values) and all(map(agrees, items, values))
    return isinstance(node, str) and (node == value or means(node, value))


def means(written: str, value: object) -> bool:
    """Return whether Go's YAML reader (yaml.v3) turns the unquoted text into that value."""
    if value is None or isinstance(value, bool):
        return written.lower() in (_NULLS if value is None else (str(value).lower(),))
    if isinstance(value, int | float):
        return value in _numbers(written.replace("_", ""))
    return isinstance(value, str) and value.startswith(f"{written} ") and value.endswith(" UTC")  # a date


def _numbers(written: str) -> Iterator[float]:
    for base in (10, 0, 8):
        try:
            yield int(written, base)
        except ValueError:
            continue
    try:
        yield float(written)
    except ValueError:
        return


def _load(path: Path) -> Node:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Verbatim)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
