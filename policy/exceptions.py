"""Findings that are not fixed, and why: policy/exceptions.yaml. Pure.

Each names the rule (one of the pack's, or another tool's, such as CKV_AWS_18), the resources by logical name, and when
and by whom it was decided. One that matches nothing is an error, as is one that is past its date.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

import yaml

FILE = Path(__file__).with_name("exceptions.yaml")
_FIELDS = ("id", "resource", "reason", "date", "owner")
_OPTIONAL = ("stack", "until")


class ExceptionsError(ValueError):
    """The file is not as it has to be; the message has every problem."""


class Found(Protocol):
    """What a rule reports: its id, and the stack and logical name of the resource."""

    @property
    def id(self) -> str: ...
    @property
    def stack(self) -> str: ...
    @property
    def resource(self) -> str: ...


FoundT = TypeVar("FoundT", bound=Found)


@dataclass(frozen=True, kw_only=True)
class Excepted:
    """An exception. `resource` and `stack` may have `*` and `?`."""

    id: str
    resource: str
    reason: str
    date: date
    """When it was decided."""
    owner: str
    """Who decides about it again."""
    stack: str = "*"
    until: date | None = None
    """The last day on which it holds; None: until somebody removes it."""

    def covers(self, found: Found) -> bool:
        """Return whether it is about this finding."""
        return (
            found.id == self.id
            and fnmatch.fnmatchcase(found.resource, self.resource)
            and fnmatch.fnmatchcase(found.stack, self.stack)
        )

    def __str__(self) -> str:
        where = "" if self.stack == "*" else f" of stack {self.stack}"
        return f"{self.id} on {self.resource}{where}"


@dataclass(frozen=True)
class Judged(Generic[FoundT]):
    """The findings that no exception covers, those that one does, and the exceptions that no finding needs."""

    left: tuple[FoundT, ...]
    excepted: tuple[tuple[FoundT, Excepted], ...]
    unused: tuple[Excepted, ...]


def judge(found: Iterable[FoundT], exceptions: Sequence[Excepted], today: date) -> Judged[FoundT]:
    """Tell what is explained from what is not. An exception past its last day covers nothing."""
    valid = [each for each in exceptions if each.until is None or today <= each.until]
    left: list[FoundT] = []
    covered: list[tuple[FoundT, Excepted]] = []
    used: set[Excepted] = set()
    for finding in found:
        theirs = [each for each in valid if each.covers(finding)]
        if theirs:
            covered.append((finding, theirs[0]))
        else:
            left.append(finding)
        used.update(theirs)
    return Judged(tuple(left), tuple(covered), tuple(each for each in exceptions if each not in used))


def read(path: Path = FILE) -> tuple[Excepted, ...]:
    """Return the exceptions in a file. Raises ExceptionsError."""
    try:
        content: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ExceptionsError(f"{path.name} can't be read: {' '.join(str(error).split())}") from None
    if content is not None and not isinstance(content, list):
        raise ExceptionsError(f"{path.name} must be a list of exceptions")
    made: list[Excepted] = []
    wrong: list[str] = []
    for number, entry in enumerate(cast("list[Any]", content or []), 1):
        problems = _problems(entry)
        wrong += [f"{path.name}, exception {number}: {problem}" for problem in problems]
        if not problems:
            made.append(Excepted(**entry))
    twice = sorted({str(each) for each in made if made.count(each) > 1})
    if wrong or twice:
        raise ExceptionsError("\n".join([*wrong, *(f"{path.name}: {each} is there twice" for each in twice)]))
    return tuple(made)


def _problems(entry: object) -> list[str]:
    if not isinstance(entry, dict):
        return [f"must have {', '.join(_FIELDS)}"]
    given = cast("dict[object, object]", entry)
    found = [f"has no {field}" for field in _FIELDS if not given.get(field)]
    found += [f"has an unknown field {key!r}" for key in given if key not in (*_FIELDS, *_OPTIONAL)]
    for key, value in given.items():
        if key in ("date", "until"):
            if type(value) is not date:
                found.append(f"{key} must be a day such as 2026-01-31, is {value!r}")
        elif value and not isinstance(value, str):
            found.append(f"{key} must be text, is {value!r}")
    return found
