"""Tags between the SDK's map and the AWS APIs' lists of pairs, and which of them differ."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sandbox.provider.call import Call
from sandbox.provider.schema import Props

Pairs: TypeAlias = Sequence[Mapping[str, str]]  # tags as most of AWS's APIs take them, each a Key and a Value
_ORDER = random.SystemRandom()


def in_any_order(pairs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the pairs as pulumi-aws sends them: it is written in Go, whose maps have another order at each walk."""
    return _ORDER.sample(list(pairs.items()), len(pairs))


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Return tags as a list of Key and Value."""
    return [{"Key": k, "Value": v} for k, v in in_any_order(tags or {})]


def tag_map(tags: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return tags by key, without those that AWS itself sets."""
    return {t["Key"]: t.get("Value", "") for t in tags or () if not t["Key"].startswith("aws:")}


def removed_tags(old: Props, new: Props) -> list[str]:
    """Return the keys of tags that the new inputs no longer have."""
    return sorted(set(old.get("tags") or {}) - set(new.get("tags") or {}))


def new_tags(props: Props) -> dict[str, Any]:
    """Return the parameter `Tags` of a creation; most APIs refuse an empty list."""
    return {"Tags": tag_list(props["tags"])} if props.get("tags") else {}


def ec2_tags(kind: str, props: Props) -> list[dict[str, Any]]:
    """Return EC2's TagSpecifications for the creation of one resource of this kind."""
    return [{"ResourceType": kind, **new_tags(props)}] if props.get("tags") else []


def tagger(
    service: str, tag: str, untag: str, parameter: str, of: Callable[[Call, str], object] | None = None, **fixed: str
) -> tuple[Callable[[Call, str, Pairs], None], Callable[[Call, str, Sequence[str]], None]]:
    """Return a type's `tag` and `untag`, each a single call; `of` gives the parameter's value, if it is not the id."""

    def set_tags(call: Call, id_: str, pairs: Pairs) -> None:
        target = {parameter: of(call, id_) if of else id_}
        getattr(call.client(service), tag)(**target, **fixed, Tags=pairs)

    def remove_tags(call: Call, id_: str, keys: Sequence[str]) -> None:
        target = {parameter: of(call, id_) if of else id_}
        getattr(call.client(service), untag)(**target, **fixed, TagKeys=keys)

    return set_tags, remove_tags
