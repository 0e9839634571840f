"""What a resource type's table is made of: its fields.

Field names are those of the pulumi-aws SDK (camelCase); `aws` is the name in the AWS API where it is not the same
with a capital first letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Value: TypeAlias = Any  # a property: JSON-like, or UNKNOWN
Props: TypeAlias = dict[str, Value]
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
        """Return the name in the AWS API of the field that the SDK calls `name`."""
        return self.aws or name[0].upper() + name[1:]

    @property
    def inner(self) -> Mapping[str, Field]:
        """Return the fields of the block that this field is, or is a list of."""
        return self.fields if self.of is None else self.of.fields


@dataclass(frozen=True, kw_only=True)
class Autoname:
    """How a name is made where the program gives none: the logical name and seven random hexadecimal digits."""

    field: str = "name"
    length: int = 255
    lower: bool = False
    prefix: str = "namePrefix"
    start: str = ""
