"""A section of a stack file: a pydantic model whose keys are camelCase, where null means the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo


class Section(BaseModel):
    """A mapping of settings. The text below a field documents it."""

    words: ClassVar[tuple[str, ...]] = ()
    """What may stand in the place of the mapping."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return {} if given is None else given
        known, items = cls.fields(), cast("Mapping[str, object]", given).items()
        return {key: value for key, value in items if value is not None or key not in known}

    @classmethod
    def fields(cls) -> dict[str, FieldInfo]:
        """Return the fields by their keys in the stack file."""
        return {str(field.alias): field for field in cls.model_fields.values()}


def inner(field: FieldInfo) -> type[Section] | None:
    """Return the section that a field holds, or a mapping of; None where it is a value."""
    kinds: tuple[Any, ...] = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)


def is_mapping(field: FieldInfo) -> bool:
    """Return whether the keys below a field are names that the user chooses."""
    return get_origin(field.annotation) is dict


def section_at(root: type[Section], path: tuple[int | str, ...]) -> type[Section]:
    """Return the section at a path below `root`."""
    if not path:
        return root
    field = root.fields()[str(path[0])]
    return section_at(inner(field) or root, path[2 if is_mapping(field) else 1 :])
