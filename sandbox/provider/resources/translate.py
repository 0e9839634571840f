"""Values between the SDK's names and those of the AWS API, by the table's fields; and AWS's ways with tags."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any, cast

from sandbox.provider.call import Call
from sandbox.provider.schema import Field, Props, Value

_PAIRS = {"tags": "Key", "dimensions": "Name"}  # a map in the SDK, a list of pairs in the API
_ORDER = random.SystemRandom()


def to_aws(fields: Mapping[str, Field], values: Props, *only: str) -> dict[str, Any]:
    """The values as parameters of an AWS API; `only` these fields, where any are named."""
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
        return [{_PAIRS[field.kind]: k, "Value": v} for k, v in _in_any_order(value)]
    if field.kind == "number-text":
        return int(value) if str(value).lstrip("-").isdigit() else float(value)
    return value == "true" if field.kind == "flag-text" else value


def from_aws(fields: Mapping[str, Field], reply: Mapping[str, Any], *only: str) -> Props:
    """The values of an AWS reply by SDK name, None for what it lacks; `only` these fields, where any are named."""
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


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Tags as a list of Key and Value."""
    return [{"Key": k, "Value": v} for k, v in _in_any_order(tags or {})]


def _in_any_order(pairs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """As pulumi-aws sends them: it is written in Go, whose maps have another order each time they are walked."""
    return _ORDER.sample(list(pairs.items()), len(pairs))


def tag_map(tags: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Tags by key, without those that AWS itself sets."""
    return {t["Key"]: t.get("Value", "") for t in tags or () if not t["Key"].startswith("aws:")}


def removed_tags(old: Props, new: Props) -> list[str]:
    """The keys of tags that the new inputs no longer have."""
    return sorted(set(old.get("tags") or {}) - set(new.get("tags") or {}))


def tag_specification(kind: str, props: Props) -> list[dict[str, Any]]:
    """EC2's TagSpecifications for the creation of one resource of this kind."""
    return [{"ResourceType": kind, "Tags": tag_list(props["tags"])}] if props.get("tags") else []


def update_ec2_tags(call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
    """Make the tags of an EC2 resource what the new inputs say, where they differ."""
    if "tags" not in changed:
        return
    gone = removed_tags(old, new)
    if gone:
        call.client("ec2").delete_tags(Resources=[id_], Tags=[{"Key": k} for k in gone])
    if new.get("tags"):
        call.client("ec2").create_tags(Resources=[id_], Tags=tag_list(new["tags"]))


def first(replies: Iterable[Any]) -> Value:
    """The only element of an AWS list, or None."""
    return next(iter(replies), None)


def stripped(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters without those that are None: boto3 refuses them."""
    return {k: v for k, v in values.items() if v is not None}
