"""What differs between two sets of inputs, and what that does to the resource."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.provider.check import DEFAULTS
from sandbox.provider.compare import same
from sandbox.provider.properties import UNKNOWN
from sandbox.provider.resource import Resource
from sandbox.provider.schema import Field, Props, Value


@dataclass(frozen=True)
class Difference:
    """One changed value; `path` as in Pulumi's property paths."""

    path: str
    kind: Literal["add", "delete", "update"]
    replace: bool

    @property
    def field(self) -> str:
        """Return the top-level property."""
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]


def differences(resource: Resource, old: Props, new: Props) -> list[Difference]:
    """Return every change from the old inputs to the new ones."""
    return list(_fields(resource.inputs, old, new, "", replace=False))


def must_go_first(resource: Resource, old: Props, new: Props) -> bool:
    """Return whether a replacement would collide with what it replaces: the program fixed a name and kept it."""
    rule = resource.autoname
    if rule is None or rule.field in new.get(DEFAULTS, []):
        return False
    name = new.get(rule.field)
    return name is not UNKNOWN and name == old.get(rule.field)


def _fields(fields: Mapping[str, Field], old: Props, new: Props, path: str, *, replace: bool) -> Iterator[Difference]:
    for name, field in fields.items():
        yield from _value(field, old.get(name), new.get(name), path + name, replace=replace or field.replace)


def _value(field: Field, old: Value, new: Value, path: str, *, replace: bool) -> Iterator[Difference]:
    if same(field, old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        if field.kind == "block":
            yield from _fields(field.fields, old, new, f"{path}.", replace=replace)
            return
        if field.of is not None:
            for key in sorted({*old, *new}):
                yield from _value(field.of, old.get(key), new.get(key), path + _key(key), replace=replace)
            return
    if isinstance(old, list) and isinstance(new, list) and field.kind == "list" and field.of is not None:
        for i in range(max(len(old), len(new))):
            have = old[i] if i < len(old) else None
            want = new[i] if i < len(new) else None
            yield from _value(field.of, have, want, f"{path}[{i}]", replace=replace)
        return
    kind = "add" if old is None else "delete" if new is None else "update"
    replaces = replace or (field.kind == "block" and _replaces_inside(field, old or {}, new or {}))
    yield Difference(path, kind, replaces)


def _replaces_inside(field: Field, old: Value, new: Value) -> bool:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return any(f.replace for f in field.fields.values())
    return any(d.replace for d in _fields(field.fields, old, new, "", replace=False))


def _key(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[A-Za-z_]\w*", key) else f'["{key}"]'
