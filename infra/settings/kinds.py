"""The kinds of values that settings have. Each reads a value, says what it takes, and has a JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import PlainValidatorFunctionSchema, no_info_plain_validator_function

Wrong = PydanticCustomError


def wrong_value(wanted: str, hint: str = "") -> Wrong:
    """Return the error for a value of the right type: `wanted`, then the value, then `hint`."""
    return Wrong("value", "{wanted}{hint}", {"wanted": wanted, "hint": hint})


def wrong_type(wanted: str) -> Wrong:
    """Return the error for a value of the wrong type: `wanted`, then what the value is."""
    return Wrong("type", "{wanted}", {"wanted": wanted})


def wrong(text: str) -> Wrong:
    """Return an error that does not show the value."""
    return Wrong("told", "{text}", {"text": text})


@dataclass(frozen=True)
class Otherwise:
    """Marks a setting without a fixed default: what applies where it is left out, in words."""

    words: str


@dataclass(frozen=True)
class Kind:
    """Metadata of an annotated type, as in `Annotated[int, whole(1, 9)]`. `read` raises Wrong."""

    words: str
    json: Mapping[str, Any]
    read: Callable[[object], object]

    def __get_pydantic_core_schema__(self, *_: object) -> PlainValidatorFunctionSchema:
        return no_info_plain_validator_function(self.read)


def text(pattern: str = r"[^\0]+", words: str = "text", *, named: str = "") -> Kind:
    """Return the kind of texts that are not blank and that `pattern` matches as a whole; `words` describe them.

    `named` says what a name, a key of the stack file, must be: its error does not repeat it.
    """

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise Wrong("text", "must be text")
        if not value.strip():
            raise wrong("must not be empty; remove it for the default")
        if not re.fullmatch(pattern, value):
            raise wrong(f"{named} {words}") if named else wrong_value(f"must be {words}")
        return value

    said = {"pattern": f"^(?:{pattern})$", "patternErrorMessage": f"{named or 'must be'} {words}"}
    return Kind(words, {"type": "string", **said}, read)


def whole(low: int, high: int, unit: str = "") -> Kind:
    """Return the kind of whole numbers from `low` to `high`."""
    limits = f"{low} to {high} {unit}".rstrip()

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type("must be a whole number")
        if not low <= value <= high:
            raise wrong_value(f"must be {limits}")
        return value

    return Kind(limits, {"type": "integer", "minimum": low, "maximum": high}, read)


def number(low: float, high: float, unit: str) -> Kind:
    """Return the kind of numbers above `low`, up to `high`."""
    limits = f"more than {low:g} and at most {high:g}"

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type("must be a number")
        if not low < value <= high:
            raise wrong_value(f"must be {limits}")
        return float(value)

    return Kind(f"{limits} {unit}", {"type": "number", "exclusiveMinimum": low, "maximum": high}, read)


def excluding(kind: Kind, refused: Mapping[str, str]) -> Kind:
    """Return the kind of texts without those that are `refused`, each for its reason."""

    def read(value: object) -> object:
        if reason := refused.get(str(kind.read(value))):
            raise wrong(reason)
        return value

    return Kind(kind.words, {**kind.json, "not": {"enum": sorted(refused)}}, read)


def items(kind: Kind, of: str, *, least: int = 0, most: int | None = None) -> Kind:
    """Return the kind of lists of `least` to `most` distinct values of a kind; `of` names them."""
    limits = f"{least} to {most} " if least > 1 else f"at most {most} " if most else ""

    def read(value: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise wrong_type("must be a list")
        good = _distinct(kind, cast("Sequence[object]", value))
        if least and not good:
            raise wrong("must not be empty; remove it for the default")
        if not least <= len(good) <= (most or len(good)):
            raise wrong(f"must be {limits}{of}, are {len(good)}")
        return good

    length = {"minItems": least} | ({"maxItems": most} if most else {})
    return Kind(f"list of {limits}{of}", {"type": "array", "items": kind.json, "uniqueItems": True, **length}, read)


def _distinct(kind: Kind, values: Sequence[object]) -> tuple[object, ...]:
    """Return what the values are read as. Raises ValidationError with the problems of all of them."""
    good: list[object] = []
    bad: list[InitErrorDetails] = []
    for index, value in enumerate(values):
        try:
            made = kind.read(value)
            if made in good:
                raise wrong(f"is there twice: {value!r}; remove one")
            good.append(made)
        except Wrong as error:
            bad.append(InitErrorDetails(type=error, loc=(index,), input=value))
    if bad:
        raise ValidationError.from_exception_data("items", bad)
    return tuple(good)
