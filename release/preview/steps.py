"""The steps of a preview or a refresh: which resource, what becomes of it, which of its properties change. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SECRET = "[secret]"  # noqa: S105 - what the engine prints in place of one
"""What stands for a secret's value, before and after alike."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is known only once something is made (Pulumi SDK, `UNKNOWN_VALUE`)."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks a secret, and is none
"""How a secret's place is marked in events and in a state (Pulumi, sdk/go/common/resource/properties.go)."""
_NAMED = {
    "create-replacement": "replace",
    "delete-replaced": "delete",
    "read-replacement": "read",
    "import-replacement": "import",
    "discard-replaced": "discard",
    "remove-pending-replace": "delete",
}
"""What the engine's parts of a replacement are where they stand alone, as after an update that was interrupted."""
_PART = re.compile(r'\.?([^.\[\]"]+)|\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]')
"""A part of a property's path, as the engine writes it: `name`, `[0]`, `["a.b"]`."""
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A property that changes. `before` and `after` are JSON values; None where there is none."""

    path: str
    """As the engine writes it: `tags.Name`, `ingress[0].cidrBlocks`."""
    before: Any
    after: Any
    replaces: bool = False
    """Whether the resource has to be replaced because of it."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens to one resource."""

    op: str
    """`create`, `update`, `replace`, `delete`, `import`, `read`, `refresh`…, as the engine names it; never `same`."""
    urn: str
    type: str
    """Such as `aws:ec2/launchTemplate:LaunchTemplate`."""
    name: str
    """The logical name: the last part of the URN."""
    id: str = ""
    """The provider's own name of the resource; empty for what is created."""
    changes: tuple[Change, ...] = ()
    old: Mapping[str, Any]
    """The inputs before, with SECRET in place of secrets; empty for what is created."""
    new: Mapping[str, Any]
    """The inputs after; empty for what is deleted."""
    kept: bool = False
    """Whether a deletion leaves it in AWS and only forgets it (Pulumi's `retainOnDelete`)."""


def parse(document: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the steps of what `pulumi preview --json` prints, without what stays the same, a replacement as one."""
    found: dict[str, Step] = {}
    for each in document.get("steps") or ():
        if each.get("op") == "same":
            continue
        step = _step(each)
        before = found.get(step.urn)
        if before is None or _rank(step) > _rank(before):  # of a replacement the engine tells each part
            found[step.urn] = step
    return tuple(found.values())


def _rank(step: Step) -> tuple[bool, bool]:
    return step.op == "replace", bool(step.changes)


def _step(each: Mapping[str, Any]) -> Step:
    old, new = (_hidden(each.get(state) or _NONE) for state in ("oldState", "newState"))
    urn = str(each["urn"])
    op = str(each["op"])
    return Step(
        op=_NAMED.get(op, op),
        urn=urn,
        type=str(new.get("type") or old.get("type") or type_of(urn)),
        name=name_in(urn),
        id=str(old.get("id") or ""),
        changes=tuple(_changes(each, old, new)),
        old=old.get("inputs") or {},
        kept=bool(old.get("retainOnDelete")),
        new={} if op in ("delete", "delete-replaced", "discard") else new.get("inputs") or {},
    )


def _hidden(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the value with SECRET for whatever is one, in which of its forms the engine may show it."""
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET_SIGNATURE:
            return SECRET
        return {key: _hidden(inner) for key, inner in value.items()}
    return [_hidden(inner) for inner in value] if isinstance(value, list) else value


def type_of(urn: str) -> str:
    """Return the resource's type, which is the last of the types of its ancestors and itself."""
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 2 else ""


def name_in(urn: str) -> str:
    """Return the resource's logical name."""
    return urn.rpartition("::")[2]


def stack_of(urn: str) -> str:
    """Return the stack that a URN names."""
    return urn.removeprefix("urn:pulumi:").partition("::")[0]


def _changes(each: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    detailed: Mapping[str, Any] = each.get("detailedDiff") or {}
    replacing = {str(key) for key in each.get("replaceReasons") or ()}
    inputs, outputs, after = old.get("inputs") or {}, old.get("outputs") or {}, new.get("inputs") or {}
    for path, how in sorted(detailed.items()):
        kind = str(how.get("kind", ""))
        parts = parts_of(path)
        before = value(inputs, parts) if how.get("inputDiff") else _first(value(outputs, parts), value(inputs, parts))
        yield Change(
            path=path,
            before=None if kind.startswith("add") else before,
            after=None if kind.startswith("delete") else value(after, parts),
            replaces=kind.endswith("-replace") or (bool(parts) and str(parts[0]) in replacing),
        )
    told = {str(parts_of(path)[0]) for path in detailed if parts_of(path)}
    for key in _keys(each.get("diffReasons") or (), replacing):
        if key not in told:
            yield Change(path=key, before=inputs.get(key), after=after.get(key), replaces=key in replacing)


def _keys(*of: Iterable[Any]) -> list[str]:
    return sorted({str(key) for keys in of for key in keys})


def parts_of(path: str) -> tuple[str | int, ...]:
    """Return the parts of a property's path: names, and indices of lists."""
    return tuple(_part(match) for match in _PART.finditer(path))


def _part(match: re.Match[str]) -> str | int:
    name, index, quoted = match.groups()
    if index is not None:
        return int(index) if index != "*" else index
    return name if name is not None else re.sub(r"\\(.)", r"\1", quoted)


def value(within: Any, parts: Iterable[str | int]) -> Any:  # noqa: ANN401 - JSON
    """Return what is at a path; None where nothing is, and SECRET where something above it is a secret."""
    for part in parts:
        if within == SECRET:
            return SECRET
        if isinstance(within, Mapping):
            within = within.get(str(part))
        elif isinstance(within, list) and isinstance(part, int) and part < len(within):
            within = within[part]
        else:
            return None
    return within


def _first(*values: Any) -> Any:  # noqa: ANN401 - JSON
    return next((each for each in values if each is not None), None)
