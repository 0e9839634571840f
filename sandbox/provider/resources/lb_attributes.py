"""Attributes of load balancers and target groups: text under a dotted key in the API, properties in the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.resources.translate import removed_tags, tag_list, tag_map
from sandbox.provider.schema import Field, Props, Value


def changed_attributes(
    keys: Mapping[str, str], fields: Mapping[str, Field], props: Props, changed: set[str] | None
) -> list[dict[str, str]]:
    """The attributes to set: those in `changed`, or after a creation (None) those that are not at their default."""
    names = [
        n for n in keys if (n in changed if changed is not None else props.get(n) not in (None, fields[n].default))
    ]
    return [{"Key": keys[n], "Value": _text(props.get(n))} for n in names]


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str("" if value is None else value)


def read_attributes(keys: Mapping[str, str], fields: Mapping[str, Field], attributes: Mapping[str, str]) -> Props:
    """The properties that the attributes say; one that the API does not list is left out."""
    return {n: _typed(fields[n], attributes[key]) for n, key in keys.items() if key in attributes}


def _typed(field: Field, value: str) -> Value:
    if field.kind == "flag":
        return value == "true"
    return int(value) if field.kind == "number" else value


def update_tags(call: Call, arn: str, old: Props, new: Props, changed: set[str]) -> None:
    """Make the tags of an ELBv2 resource what the new inputs say, where they differ."""
    if "tags" not in changed:
        return
    elb, gone = call.client("elbv2"), removed_tags(old, new)
    if gone:
        elb.remove_tags(ResourceArns=[arn], TagKeys=gone)
    if new.get("tags"):
        elb.add_tags(ResourceArns=[arn], Tags=tag_list(new["tags"]))


def read_tags(call: Call, arn: str) -> dict[str, str]:
    """The tags of an ELBv2 resource."""
    return tag_map(call.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def creation_tags(props: Props) -> dict[str, Any]:
    """The parameter with which an ELBv2 resource is tagged when made; the API refuses an empty list."""
    return {"Tags": tag_list(props["tags"])} if props.get("tags") else {}
