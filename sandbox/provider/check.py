"""Inputs of a program made complete: known, typed, with defaults, a name, tags and a region."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from sandbox.provider.properties import UNKNOWN, contains_unknown
from sandbox.provider.resource import Resource
from sandbox.provider.schema import MAPS, Autoname, Field, Props, Value

DEFAULTS = "__defaults"
Problem: TypeAlias = tuple[str, str]  # a property, and what is wrong with it


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What a name is made of: the logical name, the engine's seed, and its own proposal, if any.

    `required` is true where the engine forbids automatic names.
    """

    logical: str
    seed: bytes
    proposal: str = ""
    required: bool = False


def check(
    resource: Resource, news: Props, olds: Props, *, naming: Naming, region: str, tags: Mapping[str, str]
) -> tuple[Props, list[Problem]]:
    """Return the complete inputs, and every problem with them."""
    inputs = {k: v for k, v in news.items() if not k.startswith("__")}
    problems = list(_problems(resource.inputs, inputs, ""))
    if problems:
        return inputs, problems
    inputs = _complete(resource.inputs, inputs)
    if resource.regional:
        inputs.setdefault("region", region)
    if tags and "tags" in resource.fields and resource.fields["tags"].kind == "tags":
        inputs["tags"] = _with_default_tags(inputs.get("tags"), tags)
    if resource.autoname is not None:
        problems += _name(resource.autoname, inputs, olds, naming)
    problems += resource.check(inputs)
    return inputs, problems


def _with_default_tags(own: Value, tags: Mapping[str, str]) -> Value:
    return UNKNOWN if own is UNKNOWN else {**tags, **(own or {})}


def _problems(fields: Mapping[str, Field], values: Props, path: str) -> Iterator[Problem]:
    for name, field in fields.items():
        if field.required and name not in values:
            yield path + name, "missing, and required"
    for name, value in values.items():
        if name not in fields:
            known = ", ".join(sorted(fields))
            yield path + name, f"this provider does not know the property; it knows {known}"
        else:
            yield from _value_problems(fields[name], value, path + name)


def _value_problems(field: Field, value: Value, path: str) -> Iterator[Problem]:
    if value is UNKNOWN:
        return
    if field.kind in ("list", "set"):
        if not isinstance(value, list):
            yield path, f"must be a list, is {value!r}"
            return
        for i, element in enumerate(cast("list[Any]", value)):
            if field.of is not None:
                yield from _value_problems(field.of, element, f"{path}[{i}]")
    elif field.kind in ("block", *MAPS):
        if not isinstance(value, dict):
            yield path, f"must be an object, is {value!r}"
        elif field.kind == "block":
            yield from _problems(field.fields, cast(Props, value), f"{path}.")
    elif isinstance(value, list) or (isinstance(value, dict) and field.kind != "json"):
        yield path, f"must be a single value, is a {type(cast(object, value)).__name__}"
    elif field.kind == "number" and not _is_number(value):
        yield path, f"must be a number, is {value!r}"
    elif field.kind == "flag" and value not in (True, False, "true", "false"):
        yield path, f"must be true or false, is {value!r}"


def _is_number(value: Value) -> bool:
    return not isinstance(value, bool) and re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", str(value)) is not None


def _complete(fields: Mapping[str, Field], values: Props) -> Props:
    complete: Props = {}
    for name, field in fields.items():
        if name in values:
            complete[name] = _typed(field, values[name])
        elif field.default is not None:
            complete[name] = field.default
    return complete


def _typed(field: Field, value: Value) -> Value:
    if value is UNKNOWN:
        return value
    if field.kind == "block":
        return _complete(field.fields, value)
    if field.of is not None and field.kind in MAPS:
        return {k: _typed(field.of, v) for k, v in value.items()}
    if field.of is not None:
        return [_typed(field.of, v) for v in value]
    return _scalar(field, value)


def _scalar(field: Field, value: Value) -> Value:
    if isinstance(value, dict):  # a policy that the program wrote as an object
        return UNKNOWN if contains_unknown(value) else json.dumps(value)
    if field.kind == "flag":
        return value in (True, "true")
    if field.kind == "number":
        number = float(value)
        return int(number) if number.is_integer() else number
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name(rule: Autoname, inputs: Props, olds: Props, naming: Naming) -> list[Problem]:
    """Fill the name in and note that it was made here, so that it is kept for as long as the resource lives."""
    if rule.field in inputs:
        return []
    inputs[DEFAULTS] = [rule.field]
    prefix = inputs.get(rule.prefix)
    if rule.field in olds and rule.field in olds.get(DEFAULTS, []) and olds.get(rule.prefix) == prefix:
        inputs[rule.field] = olds[rule.field]
    elif prefix is UNKNOWN:
        inputs[rule.field] = UNKNOWN
    elif naming.required and prefix is None:
        return [(rule.field, "missing, and automatic names are switched off for this project")]
    else:
        inputs[rule.field] = _made_name(rule, prefix, naming)
    return []


def _made_name(rule: Autoname, prefix: str | None, naming: Naming) -> str:
    digest = hashlib.sha256(naming.seed or naming.logical.encode()).hexdigest()
    if prefix is not None:
        return prefix + digest[:26]
    if naming.proposal:
        return naming.proposal
    room = rule.length - 8 - len(rule.start)
    name = f"{rule.start}{naming.logical[:room]}-{digest[:7]}"
    return name.lower() if rule.lower else name
