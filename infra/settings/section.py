"""Typed reading of one level of a configuration.

Each method records what is wrong and returns a value of the right type all the same, so that reading goes on
and every problem is found. `sound` tells whether a value may be used in a check that joins several.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from infra.settings.problems import Problems, closest

_LARGEST = 10**18
UNFIT = "holds a zero byte, or what is not UTF-8; write it anew"


def is_fit(text: str) -> bool:
    """Whether it can be printed and passed on: no zero byte, no lone surrogate."""
    return re.search("[\0\ud800-\udfff]", text) is None


T = TypeVar("T")


@dataclass(frozen=True)
class Syntax:
    """A pattern that the whole of a text must match, and its description in words."""

    pattern: str
    words: str

    def matches(self, text: str) -> bool:
        return re.fullmatch(self.pattern, text) is not None


class Section:
    """The mapping at `path`. Absent and null mean the same: the default."""

    def __init__(self, path: str, given: object, problems: Problems) -> None:
        self.path = path
        self.problems = problems
        self._known: set[str] = set()
        self._bad: set[str] = set()
        self._given: dict[str, object] = {}
        if isinstance(given, Mapping):
            items = self._fit(cast("Mapping[object, object]", given))
            self._given = {key: value for key, value in items.items() if value is not None}
            self._keys = set(items)
        else:
            self._keys: set[str] = set()
            if given is not None:
                problems.add(path, f"must be a mapping of settings, is {kind(given)}")

    def _fit(self, given: Mapping[object, object]) -> dict[str, object]:
        """What can be shown and passed on: a variable, or JSON's \\u, can bring what no other text may hold."""
        found: dict[str, object] = {}
        for key, value in given.items():
            if not is_fit(str(key)) or (isinstance(value, str) and not is_fit(value)):
                self.problems.add(self.at(str(key)), UNFIT)
            elif isinstance(value, int) and abs(value) > _LARGEST:
                self.problems.add(self.at(str(key)), "is out of the range of numbers; put it in quotes if it is text")
            else:
                found[str(key)] = value
        return found

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def problem(self, key: str, text: str) -> None:
        self._bad.add(key)
        self.problems.add(self.at(key), text)

    def sound(self, *keys: str) -> bool:
        return not self._bad.intersection(keys)

    def has(self, key: str) -> bool:
        return key in self._given

    def keys(self) -> list[str]:
        return sorted(self._keys)

    def get(self, key: str) -> object:
        self._known.add(key)
        return self._given.get(key)

    def section(self, key: str) -> Section:
        return Section(self.at(key), self.get(key), self.problems)

    def text(self, key: str, default: str, syntax: Syntax | None = None) -> str:
        return self.optional_text(key, syntax) or default

    def optional_text(self, key: str, syntax: Syntax | None = None) -> str | None:
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            command = set_command(self.at(key), "TEXT --type string")
            self.problem(key, f"must be text, is {kind(value)}; put it in quotes, or set it with `{command}`")
        elif not value.strip():
            self.problem(key, "must not be empty; remove it for the default")
        elif syntax is not None and not syntax.matches(value):
            self.problem(key, f"must be {syntax.words}, is {value!r}")
        else:
            return value
        return None

    def required_text(self, key: str, syntax: Syntax, example: str) -> str:
        if not self.has(key):
            self.problem(key, f"missing; set it with `{set_command(self.at(key), example)}`")
        return self.text(key, example, syntax)

    def integer(self, key: str, default: int, low: int, high: int, unit: str = "") -> int:
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            self.problem(key, f"must be a whole number, is {kind(value)}")
        elif not low <= value <= high:
            self.problem(key, f"must be {low} to {high}{unit and ' ' + unit}, is {value}")
        else:
            return value
        return default

    def optional_integer(self, key: str, low: int, high: int, unit: str = "") -> int | None:
        return self.integer(key, low, low, high, unit) if self.has(key) else self._absent(key)

    def number(self, key: str, default: float | None, low: float, high: float) -> float | None:
        """A number above `low`, up to `high`."""
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problem(key, f"must be a number, is {kind(value)}")
        elif not low < value <= high:
            self.problem(key, f"must be more than {low:g} and at most {high:g}, is {value:g}")
        else:
            return float(value)
        return default

    def boolean(self, key: str, default: bool) -> bool:
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problem(key, f"must be true or false, is {kind(value)}")
            return default
        return value

    def choice(self, key: str, default: str, options: Collection[str]) -> str:
        value = self.get(key)
        if value is None:
            return default
        if value in options:
            return str(value)
        meant = closest(value, options) if isinstance(value, str) else None
        hint = f"; did you mean {meant}?" if meant else ""
        self.problem(key, f"must be one of {', '.join(options)}, is {value!r}{hint}")
        return default

    def texts(self, key: str, default: tuple[str, ...], syntax: Syntax) -> tuple[str, ...]:
        """A list of distinct texts."""

        def read(item: object) -> str:
            if not isinstance(item, str):
                raise ValueError(f"must be text, is {kind(item)}; put it in quotes")
            if not is_fit(item):
                raise ValueError(UNFIT)
            if not syntax.matches(item):
                raise ValueError(f"must be {syntax.words}, is {item!r}")
            return item

        return self.items(key, default, read)

    def integers(self, key: str, default: tuple[int, ...], low: int, high: int) -> tuple[int, ...]:
        """A list of distinct whole numbers."""

        def read(item: object) -> int:
            if isinstance(item, bool) or not isinstance(item, int):
                raise ValueError(f"must be a whole number, is {kind(item)}")
            if not low <= item <= high:
                raise ValueError(f"must be {low} to {high}, is {item}")
            return item

        return self.items(key, default, read)

    def items(self, key: str, default: tuple[T, ...], read: Callable[[object], T]) -> tuple[T, ...]:
        """A list of distinct values; `read` makes one of an item, or raises ValueError with what is wrong with it."""
        value = self._list(key)
        if value is None:
            return default
        good: list[T] = []
        for index, item in enumerate(value):
            try:
                made = read(item)
            except ValueError as error:
                self._item_problem(key, index, str(error))
                continue
            if made in good:
                self._item_problem(key, index, f"is there twice: {item!r}; remove one")
            else:
                good.append(made)
        return tuple(good)

    def finish(self) -> None:
        """Reports the keys that nothing asked for."""
        for key in self.keys():
            if key not in self._known:
                meant = closest(key, self._known)
                known = ", ".join(sorted(self._known))
                mend = f"did you mean {meant}?" if meant else f"known here: {known}"
                self.problem(key, f"is not a setting; {mend}")

    def _absent(self, key: str) -> None:
        self._known.add(key)

    def _list(self, key: str) -> list[object] | None:
        value = self.get(key)
        if value is None or isinstance(value, list):
            return cast("list[object] | None", value)
        self.problem(key, f"must be a list, is {kind(value)}")
        return None

    def _item_problem(self, key: str, index: int, text: str) -> None:
        self._bad.add(key)
        self.problems.add(f"{self.at(key)}[{index}]", text)


def set_command(path: str, value: str) -> str:
    return f"pulumi config set --path slipway:{path} {value}"


def kind(value: object) -> str:
    """What a value is, in the words of a stack file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, Mapping) else f"{type(value).__name__}"
