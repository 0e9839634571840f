"""Reads JSON that anyone may have written: bounded, typed, with every problem at once. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from release.errors import ReleaseError
from release.text import one_line

T = TypeVar("T")

_SHOWN = 60
_PROBLEMS = 12
_WANTED = {
    "string_type": "must be a string",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "dataclass_type": "must be an object",
    "tuple_type": "must be a list",
}


class Document(BaseModel):
    """A JSON object whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read(
    kind: type[T], text: str | bytes, *, where: str, what: str, schema: int, limit: int, error: type[ReleaseError]
) -> T:
    """Return the document that `text` is: `what`, found at `where`. Raises `error` with every problem, in one line."""
    if len(text) > limit:
        raise error(f"{where}: not {what}: over {limit} bytes")
    try:
        document = parse(text)
    except ValueError as problem:
        raise error(f"{where}: not JSON ({problem})") from None
    found = cast("dict[str, object]", document).get("schema") if isinstance(document, dict) else None
    if found is not None and type(found) is not int:
        raise error(f"{where}: not {what}: schema: must be a whole number, is {_shown(found)}")
    if found is not None and found != schema:
        raise error(f"{where}: schema {one_line(found, 20)}; this version of slipway reads {schema}: update slipway")
    try:
        return _adapter(kind).validate_python(document)
    except ValidationError as problems:
        raise error(f"{where}: not {what}: {_told(problems.errors(include_url=False))}") from None


def parse(text: str | bytes) -> object:
    """Return the JSON document. Raises ValueError, also where it is nested deeper than Python reads."""
    try:
        return json.loads(text, parse_constant=_refuse, object_hook=_with_printable_keys)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: byte {error.start}") from None


LINE_BYTES = 64 << 10
"""A longer line of a log is not one of ours, and is not read."""


def line(text: str) -> Mapping[str, object]:
    """Return the JSON object that a line of a log is, whoever wrote it; empty if it is none."""
    if len(text) > LINE_BYTES:
        return {}
    try:
        found = parse(text)
    except ValueError:
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def number(value: object) -> int | None:
    """Return a whole number of such a line; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def one_of(*options: str) -> AfterValidator:
    """Return the metadata of a string that is one of `options`."""
    return matching("|".join(map(re.escape, options)), f"one of {', '.join(options)}")


def matching(pattern: str, wanted: str) -> AfterValidator:
    """Return the metadata of a string that `pattern` matches as a whole; `wanted` describes it."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise _wrong(f"must be {wanted}, is {value[:_SHOWN]!r}")
        return value

    return AfterValidator(check)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00") if isinstance(value, str) else "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):  # it overflows where UTC's year would be 0 or 10000
        raise _wrong(f"must be an RFC 3339 time, is {_shown(value)}") from None


def _number(value: object) -> float:
    """Return what can be counted and rounded, which 1e400 and whole numbers of 400 digits can't."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(f"must be a number, is {_shown(value)}")
    try:
        if math.isfinite(value):
            return value
    except OverflowError:
        pass
    raise _wrong(f"must be a finite number, is {_shown(value)}")


def _whole(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(f"must be a whole number, is {_shown(value)}")
    return _number(value)


Moment: TypeAlias = Annotated[datetime, PlainValidator(_moment)]
"""An RFC 3339 time, in UTC."""
Number: TypeAlias = Annotated[float, PlainValidator(_number)]
Whole: TypeAlias = Annotated[int, PlainValidator(_whole)]
Unread: TypeAlias = Annotated[T | None, PlainValidator(lambda _: None)]
"""A field that a document does not set: whatever it says there is left out."""


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _told(errors: list[ErrorDetails]) -> str:
    """Return the problems in one line; of a document that is nothing but problems, the first ones."""
    more = len(errors) - _PROBLEMS
    said = [one_line(_problem(error), 200) for error in errors[:_PROBLEMS]]
    return "; ".join(said + ([f"and {more} more"] if more > 0 else []))


def _problem(error: ErrorDetails) -> str:
    path, kind = ".".join(map(str, error["loc"])) or "the document", error["type"]
    if kind == "missing":
        return f"{path}: missing"
    if kind == "extra_forbidden":
        return f"{path}: unknown"
    if wanted := _WANTED.get(kind):
        return f"{path}: {wanted}, is {_shown(error['input'])}"
    return f"{path}: {error['msg']}"


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{text}", {"text": text})


def _shown(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a value as an error shows it; of what has parts, only what it is."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    said = repr(value) if isinstance(value, float) else json.dumps(value)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"


def _with_printable_keys(document: dict[str, object]) -> dict[str, object]:
    """Return the object without lone surrogates in its keys: pydantic would refuse it, whatever it looks for."""
    return {key.encode(errors="replace").decode(): value for key, value in document.items()}


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
