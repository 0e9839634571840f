"""Reads JSON that anyone may have written: bounded, typed, with every problem at once. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, cast

from release.text import one_line

_SHOWN = 60
_PROBLEMS = 12


def parse(text: str | bytes) -> object:
    """The JSON document. ValueError where it is none; also where it is nested deeper than Python reads."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: byte {error.start}") from None


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


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
            return self._wrong(key, f"must be {_type_name(kind)}, is {shown(value)}")
        problem = check(value) if check else None
        return self._wrong(key, problem) if problem else value

    def optional(self, key: str, kind: type[Any] | tuple[type[Any], ...], check: Any = None) -> Any:  # noqa: ANN401
        """As `take`, but None where it is missing or null, which is no problem."""
        if self.has(key):
            return self.take(key, kind, check)
        self._values.pop(key, None)
        return None

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
        """An RFC 3339 time, in UTC."""
        value = self.take(key, str) or "1970-01-01T00:00:00Z"
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
        except (ValueError, OverflowError):  # it overflows where UTC's year would be 0 or 10000
            self._wrong(key, f"must be an RFC 3339 time, is {shown(value)}")
            return datetime.fromtimestamp(0, tz=timezone.utc)

    def strings(self, key: str) -> dict[str, str]:
        """An object of strings."""
        value: dict[str, object] = self.take(key, dict) or {}
        for name, inner in value.items():
            if not isinstance(inner, str):
                self._wrong(f"{key}.{name}", "must be a string")
        return {name: inner for name, inner in value.items() if isinstance(inner, str)}

    def string_list(self, key: str) -> list[str]:
        """A list of strings."""
        value: list[object] = self.take(key, list) or []
        if not all(isinstance(inner, str) for inner in value):
            self._wrong(key, "must hold strings only")
        return [inner for inner in value if isinstance(inner, str)]

    def finish(self) -> list[str]:
        """All problems, including keys that nothing took."""
        for reader in (self, *self._children):
            self.problems.extend(f"{reader._path}{key}: unknown" for key in reader._values)
        return self.problems

    def _wrong(self, key: str, problem: str) -> None:
        self.problems.append(f"{self._path}{key}: {problem}")


def told(problems: list[str]) -> str:
    """The problems in one line; of a document that is nothing but problems, the first ones."""
    more = len(problems) - _PROBLEMS
    said = [one_line(problem, 200) for problem in problems[:_PROBLEMS]]
    return "; ".join(said + ([f"and {more} more"] if more > 0 else []))


def number(value: float) -> str | None:
    """A check for `take`: what can be counted and rounded, which 1e400 and whole numbers of 400 digits can't."""
    try:
        fits = math.isfinite(value)
    except OverflowError:
        fits = False
    return None if fits else f"must be a finite number, is {shown(value)}"


def shown(value: object) -> str:
    """A value as an error shows it; of what has parts, only what it is."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    said = repr(value) if isinstance(value, float) else json.dumps(value)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"


def _type_name(kind: type[Any] | tuple[type[Any], ...]) -> str:
    names = {str: "a string", int: "a whole number", float: "a number", dict: "an object", list: "a list"}
    return names[kind[-1] if isinstance(kind, tuple) else kind]
