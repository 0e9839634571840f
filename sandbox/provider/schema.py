"""What the table of resource types is made of: fields, and resources that own them.

Field names are those of the pulumi-aws SDK (camelCase); `aws` is the name in the AWS API where it is not the same
with a capital first letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sandbox.provider.call import Call

Value: TypeAlias = Any  # a property: JSON-like, or UNKNOWN
Props: TypeAlias = "dict[str, Value]"
Kind = Literal[
    "text", "number", "flag", "flag-text", "number-text", "json", "list", "set", "map", "tags", "dimensions", "block"
]
MAPS = ("map", "tags", "dimensions")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One property that a program may set.

    `computed` means that AWS decides where the program does not: unset is then never a difference. `replace` means
    that a change makes a new resource. `tags` and `dimensions` are a map in the SDK and a list of pairs in
    the API; `flag-text` and `number-text` are strings in the SDK and typed in the API.
    """

    kind: Kind
    aws: str | None = None
    default: Value = None
    required: bool = False
    replace: bool = False
    computed: bool = False
    secret: bool = False
    of: Field | None = None
    fields: Mapping[str, Field] = field(default_factory=dict[str, "Field"])

    def aws_name(self, name: str) -> str:
        """The name in the AWS API of the field that the SDK calls `name`."""
        return self.aws or name[0].upper() + name[1:]


def text(**options: Value) -> Field:
    """A string."""
    return Field(kind="text", **options)


def number(**options: Value) -> Field:
    """An integer or a float."""
    return Field(kind="number", **options)


def flag(**options: Value) -> Field:
    """A boolean."""
    return Field(kind="flag", **options)


def flag_text(**options: Value) -> Field:
    """A boolean that the SDK passes as the string "true" or "false"."""
    return Field(kind="flag-text", **options)


def number_text(**options: Value) -> Field:
    """A number that the SDK passes as a string."""
    return Field(kind="number-text", **options)


def json_text(**options: Value) -> Field:
    """A JSON document in a string, compared by meaning."""
    return Field(kind="json", **options)


def mapping(**options: Value) -> Field:
    """Strings by name."""
    return Field(kind="map", of=text(), **options)


def block(fields: Mapping[str, Field], **options: Value) -> Field:
    """An object with fields of its own."""
    return Field(kind="block", fields=fields, **options)


def items(of: Field | None = None, **options: Value) -> Field:
    """A list whose order matters."""
    return Field(kind="list", of=of or text(), **options)


def unordered(of: Field | None = None, **options: Value) -> Field:
    """A list whose order does not matter."""
    return Field(kind="set", of=of or text(), **options)


@dataclass(frozen=True, kw_only=True)
class Autoname:
    """How a name is made where the program gives none: the logical name and seven random hexadecimal digits."""

    field: str = "name"
    length: int = 255
    lower: bool = False
    prefix: str = "namePrefix"
    start: str = ""
    end: str = ""


def _nothing_to_update(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    """For a type whose every field forces a replacement."""


def _nothing_recomputed(new: Props, changed: set[str]) -> Sequence[str]:
    return ()


def _no_problems(inputs: Props) -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource type.

    `create` returns the id (and reports it earlier with `Call.created` where more steps follow). `read` returns what
    AWS says, by SDK name, or None where the resource is gone: a name with the value None is absent in AWS, a name left
    out cannot be read and keeps what it was. `update` gets the old state, the new inputs and the names that differ.
    `recomputed` gives, for the new inputs and the names that differ, what such an update makes AWS decide anew.
    `check` returns further problems as (property, reason).
    """

    type: str
    cfn: str
    fields: Mapping[str, Field]
    create: Callable[[Call, Props], str]
    read: Callable[[Call, str, Props], Props | None]
    delete: Callable[[Call, str, Props], None]
    update: Callable[[Call, str, Props, Props, set[str]], None] = _nothing_to_update
    outputs: Sequence[str] = ()
    recomputed: Callable[[Props, set[str]], Sequence[str]] = _nothing_recomputed
    autoname: Autoname | None = None
    regional: bool = True
    check: Callable[[Props], Sequence[tuple[str, str]]] = _no_problems

    @property
    def inputs(self) -> Mapping[str, Field]:
        """Its fields with the one that every regional type has."""
        return {**self.fields, "region": REGION} if self.regional else self.fields


REGION = text(replace=True)
TAGS = Field(kind="tags", of=text())
DIMENSIONS = Field(kind="dimensions", of=text())
