"""A resource type's table of fields: from the SDK's classes, CloudFormation's schemas and the type's own declaration.

It is made when the type is first used. The `Args` classes of pulumi_aws tell names, types and what is required. The
resource classes tell what AWS decides: upstream's schema marks that as computed, and then the output is not optional.
"""

from __future__ import annotations

import importlib
import inspect
import re
import threading
import typing
import warnings
from collections import abc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from sandbox.provider.cloudformation import create_only
from sandbox.provider.schema import Field, Kind, Value

if TYPE_CHECKING:
    from sandbox.provider.resource import Resource

_SCALARS: dict[object, Kind] = {str: "text", bool: "flag", int: "number", float: "number"}
_loading = threading.Lock()  # catch_warnings is not safe for threads


def camel(snake: str) -> str:
    """Return a name of a Python module or function as Pulumi's tokens have it: launchTemplate."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), snake)


def inputs(resource: Resource) -> Mapping[str, Field]:
    """Return the fields of the type that the provider serves, by SDK name."""
    module, name = _names(resource)
    table, decided = _Table(resource, module), set(_decided(_load(module, name)))
    arguments = _load(module, f"{name}InitArgs") or _load(module, f"{name}Args")
    return {name: table.top(name, field, decided) for name, field in table.fields(arguments, "")}


def outputs(resource: Resource) -> Sequence[str]:
    """Return the names of the properties that AWS alone decides."""
    return [name for name in _decided(_load(*_names(resource))) if name not in resource.inputs]


def _names(resource: Resource) -> tuple[str, str]:
    """Return the names of the SDK's module and of the class in it."""
    _, module, _, name = re.split("[/:]", resource.type)
    return f"pulumi_aws.{module}", name


@cache
def _load(module: str, name: str) -> Value:
    """Return a class of an SDK module, which is loaded when it is first asked for one; None where it has none."""
    with _loading, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the module's other types
        return getattr(importlib.import_module(module), name, None)


def _properties(cls: type) -> Iterator[tuple[str, str, Value]]:
    """Yield the name, the wire name and the type of each property of an SDK class."""
    for name, member in vars(cls).items():
        if isinstance(member, property) and member.fget is not None:
            wire = getattr(member.fget, "_pulumi_name", name)
            yield name, wire, inspect.get_annotations(member.fget)["return"]


def _decided(cls: type) -> Iterator[str]:
    """Yield the properties of a resource class that always have a value: given, or decided by AWS."""
    for _, wire, annotation in _properties(cls):
        (type_,) = typing.get_args(annotation)  # of Output
        if type(None) not in typing.get_args(type_):
            yield wire


class _Table:
    """Makes the fields of one type."""

    def __init__(self, resource: Resource, module: str) -> None:
        self._resource = resource
        self._module = module

    def fields(self, arguments: type, path: str) -> Iterator[tuple[str, Field]]:
        """Yield the fields of an Args class, with what the type's declaration says of their paths."""
        parameters = inspect.signature(arguments.__init__).parameters
        for name, wire, annotation in _properties(arguments):
            if name in parameters and not self._says("unserved", path + wire):
                field = self._field(annotation, path + wire)
                required = parameters[name].default is inspect.Parameter.empty
                yield wire, replace(field, required=required or self._says("required", path + wire))

    def top(self, name: str, field: Field, decided: set[str]) -> Field:
        """Return a field of the resource itself, with what forces a replacement and what AWS decides."""
        resource = self._resource
        fixed = name in ("region", resource.autoname.prefix if resource.autoname else "")
        by_aws = name in decided and not fixed and not field.required and field.default is None
        forced = fixed or field.aws_name(name) in create_only(resource.cfn)
        return replace(
            field,
            computed=field.computed or (by_aws and not self._says("given", name)),
            replace=self._says("replace", name) or (forced and not self._says("in_place", name)),
        )

    def _says(self, what: str, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in getattr(self._resource, what).split())

    def _field(self, annotation: Value, path: str) -> Field:
        field = self._typed(_unwrapped(annotation), path)
        return replace(
            field,
            kind=_of_path(self._resource.kinds, path) or field.kind,
            aws=_of_path(self._resource.names, path),
            default=False if self._says("off", path) else _of_path(self._resource.defaults, path),
            computed=self._says("computed", path),
            secret=self._says("secret", path),
        )

    def _typed(self, type_: Value, path: str) -> Field:
        if type_ in _SCALARS:
            return Field(kind=_SCALARS[type_])
        origin, of = typing.get_origin(type_), typing.get_args(type_)
        if origin is abc.Mapping:
            return Field(kind="tags" if re.fullmatch(r"(.*\.)?tags", path) else "map", of=Field(kind="text"))
        if origin is abc.Sequence:
            kind = "list" if self._says("ordered", path) else "set"
            return Field(kind=kind, of=self._typed(_unwrapped(of[0]), path))
        if _name(type_) == "PolicyDocumentArgs":
            return Field(kind="json")
        cls = _load(self._module, _name(type_))
        if issubclass(cls, Enum):
            return Field(kind="text")
        return Field(kind="block", fields=dict(self.fields(cls, f"{path}.")))


def _unwrapped(annotation: Value) -> Value:
    """Return the type within Input and Optional; of a union that is a class of the SDK rather than its text."""
    if typing.get_origin(annotation) is not typing.Union:
        return annotation
    kept = [
        type_
        for type_ in typing.get_args(annotation)
        if type_ is not type(None) and typing.get_origin(type_) is not abc.Awaitable and _name(type_) != "Output[T]"
    ]
    return next((type_ for type_ in kept if _name(type_)), kept[0])


def _name(annotation: object) -> str:
    """Return the name of a class that an annotation refers to, empty for any other annotation."""
    return getattr(annotation, "__forward_arg__", "")


def _of_path(said: Mapping[str, Value], path: str) -> Value:
    return next((value for pattern, value in said.items() if fnmatchcase(path, pattern)), None)
