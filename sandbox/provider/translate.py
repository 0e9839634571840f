"""Values between the SDK's names and those of the AWS API, by a type's fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from sandbox.provider.call import Call
from sandbox.provider.errors import Gone
from sandbox.provider.schema import Field, Props, Value
from sandbox.provider.tags import in_any_order

_PAIRS = {"tags": "Key", "dimensions": "Name"}  # a map in the SDK, a list of pairs in the API


def to_aws(fields: Mapping[str, Field], values: Props, *only: str) -> dict[str, Any]:
    """Return the values as parameters of an AWS API; `only` these fields, where any are named."""
    names = only or tuple(fields)
    return {
        fields[name].aws_name(name): _to_aws(fields[name], values[name])
        for name in names
        if values.get(name) is not None
    }


def _to_aws(field: Field, value: Value) -> Value:
    if field.kind == "block":
        return to_aws(field.fields, value)
    if field.kind in ("list", "set") and field.of is not None:
        return [_to_aws(field.of, v) for v in value]
    if field.kind in _PAIRS:
        return [{_PAIRS[field.kind]: k, "Value": v} for k, v in in_any_order(value)]
    if field.kind == "number-text":
        return int(value) if str(value).lstrip("-").isdigit() else float(value)
    return value == "true" if field.kind == "flag-text" else value


def from_aws(fields: Mapping[str, Field], reply: Mapping[str, Any], *only: str) -> Props:
    """Return the values of an AWS reply by SDK name, None for what it lacks; `only` these fields, if any are named."""
    names = only or tuple(fields)
    return {name: _from_aws(fields[name], reply.get(fields[name].aws_name(name))) for name in names}


def _from_aws(field: Field, value: Value) -> Value:
    if value is None:
        return None
    if field.kind == "block":
        values = from_aws(field.fields, cast(Mapping[str, Any], value))
        return {k: v for k, v in values.items() if v is not None}
    if field.kind in ("list", "set") and field.of is not None:
        return [_from_aws(field.of, v) for v in value]
    return _scalar_from_aws(field, value)


def _scalar_from_aws(field: Field, value: Value) -> Value:
    if field.kind in _PAIRS:
        key = _PAIRS[field.kind]
        return {pair[key]: pair["Value"] for pair in value if not pair[key].startswith("aws:")}
    if field.kind == "flag-text":
        return "true" if value else "false"
    return str(value) if field.kind in ("number-text", "text", "json") else value


def first(replies: Iterable[Any]) -> Value:
    """Return the first element of an AWS list, None where it has none."""
    return next(iter(replies), None)


def only(replies: Iterable[Any]) -> Value:
    """Return the first element of an AWS list; raise `Gone` where it has none."""
    for reply in replies:
        return reply
    raise Gone


def stripped(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without those that are None, which boto3 refuses as parameters."""
    return {k: v for k, v in values.items() if v is not None}


def of_group(id_: str, prior: Props) -> tuple[str, str]:
    """Return the group, and the name in it, of what goes by its name alone; an import gives both as `GROUP/NAME`."""
    group, _, name = id_.rpartition("/")
    return group or prior["autoscalingGroupName"], name


def deleter(service: str, operation: str, parameter: str) -> Callable[[Call, str, Props], None]:
    """Return a `delete` that is a single call; `parameter` takes the id, or a list of ids if it is a plural."""

    def delete(call: Call, id_: str, state: Props) -> None:
        getattr(call.client(service), operation)(**{parameter: [id_] if parameter.endswith("s") else id_})

    return delete
