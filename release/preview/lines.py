"""What a step changes, a line for each thing that a reader can take in. Pure.

Lists, policies and user data are taken apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from release import names
from release.preview import user_data
from release.preview.steps import SECRET, UNKNOWN, Change, Step
from release.preview.touched import GROUP, LAUNCH_TEMPLATE

USER_DATA = "user data"
LATER = "known only during up"
"""What is shown for a value that is not known yet."""
_SHOWN_BYTES = 20_000
_TAG = f'.tags["{names.RELEASE_TAG}"]'
_VERSION = re.compile(r"(?:^|\.)(?:launchTemplate|launchTemplateSpecification)\.version$")


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something that changes, as text; None where there is nothing."""

    name: str
    before: str | None
    after: str | None
    replaces: bool = False
    """Whether the resource has to be replaced because of it."""
    release: bool = False
    """Whether it only says which release it is, so that every deploy changes it."""


def of(step: Step) -> tuple[Line, ...]:
    """Return what becomes different; of what is created or deleted, all of its inputs."""
    if step.op in ("update", "replace", "refresh") or step.changes:
        changes = [(change.path, change.before, change.after, change.replaces) for change in step.changes]
    else:
        changes = [(key, step.old.get(key), step.new.get(key), False) for key in sorted({**step.old, **step.new})]
    found: dict[Line, None] = {}
    for path, before, after, replaces in changes:
        hidden = before == after and SECRET in json.dumps(before)  # what differs is the secret in it
        parts = [(path, SECRET, SECRET)] if hidden else _apart(step.type, path, before, after)
        for name, old, new in parts:
            release = _is_release(step.type, path, name)
            line = Line(name=name, before=_text(old), after=_text(new), replaces=replaces, release=release)
            found[line] = None
    return tuple(found)


def _is_release(kind: str, path: str, name: str) -> bool:
    if kind == GROUP:
        return bool(_VERSION.search(path))
    if kind != LAUNCH_TEMPLATE:
        return False
    return path == "description" or path.endswith(_TAG) or (path == "userData" and name in user_data.RELEASE)


def _apart(kind: str, path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON
    """Yield name, before and after of each part of a value that differs."""
    if path in ("userData", "userDataBase64"):
        yield from _user_data(before, after)
        return
    before, after = _document(before), _document(after)
    if _are(dict, before, after):
        old, new = before or {}, after or {}
        for key in dict.fromkeys((*old, *new)):
            if old.get(key) != new.get(key):
                yield from _apart(kind, _join(path, key), old.get(key), new.get(key))
    elif _are(list, before, after):
        yield from _lists(kind, path, before or [], after or [])
    else:
        yield path, before, after


def _are(kind: type, before: object, after: object) -> bool:
    """Return whether both are of a kind, or one of them is and the other is not there."""
    there = [each for each in (before, after) if each is not None]
    return bool(there) and all(isinstance(each, kind) for each in there)


def _lists(kind: str, path: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield what is in one list only: their order says nothing to a reader. As many gone as new are compared."""
    gone = [each for each in before if each not in after]
    new = [each for each in after if each not in before]
    if not gone and not new:
        if list(before) != list(after):
            yield path, before, after
        return
    if len(gone) == len(new) and all(isinstance(each, dict) for each in (*gone, *new)):
        for old, other in zip(gone, new, strict=True):
            yield from _apart(kind, f"{path}[{list(after).index(other)}]", old, other)
        return
    for each in gone:
        yield path, each, None
    for each in new:
        yield path, None, each


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if re.fullmatch(r"[\w-]+", key) else f'{path}["{key}"]'


def _document(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a policy that is written as text as what it says."""
    if isinstance(value, str) and value[:1] in "{[" and len(value) < _SHOWN_BYTES and value != SECRET:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _user_data(before: object, after: object) -> Iterator[tuple[str, Any, Any]]:
    if {before, after} & {UNKNOWN, SECRET}:
        hidden = {UNKNOWN, SECRET}
        yield USER_DATA, before if before in hidden else None, after if after in hidden else None
        return
    old = "" if before is None else user_data.decoded(before)
    new = "" if after is None else user_data.decoded(after)
    if old is None or new is None:
        yield USER_DATA, "not shown: it is not text", "not shown: it is not text"
        return
    for told in user_data.differences(old, new):
        yield told.name, told.before, told.after


def _text(value: Any) -> str | None:  # noqa: ANN401 - JSON
    if value is None or isinstance(value, str):
        return LATER if value == UNKNOWN else value
    return json.dumps(value, ensure_ascii=False, sort_keys=True).replace(UNKNOWN, LATER)


def change(change: Change) -> str:
    """Return a change outside of a step, such as one of drift, as `NAME: before → after`."""
    return as_text(Line(name=change.path, before=_text(change.before), after=_text(change.after)))


def is_one(line: Line) -> bool:
    """Return whether there is no before and after to show, only that something changes."""
    return (
        (line.name == user_data.BOOT_SCRIPT and None not in (line.before, line.after))
        or (line.name == USER_DATA and line.after == LATER)
        or line.before == line.after
    )


def as_text(line: Line) -> str:
    """Return a line as `NAME: before → after`."""
    name, before, after = line.name, line.before, line.after
    if is_one(line):
        if name == user_data.BOOT_SCRIPT:
            return f"{name}: changed"
        return f"{name}: what changes in it is {LATER}" if after == LATER else f"{name}: another secret value"
    if before is None:
        return f"{name}: {after} (new)"
    return f"{name}: {before} (removed)" if after is None else f"{name}: {before} → {after}"
