"""Tags between the SDK's map and the AWS APIs' lists of pairs, and which of them differ."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.provider.schema import Props

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


def tags_at_creation(props: Props) -> dict[str, Any]:
    """Return the parameter `Tags` of a creation; most APIs refuse an empty list."""
    return {"Tags": tag_list(props["tags"])} if props.get("tags") else {}


def tag_specification(kind: str, props: Props) -> list[dict[str, Any]]:
    """Return EC2's TagSpecifications for the creation of one resource of this kind."""
    return [{"ResourceType": kind, **tags_at_creation(props)}] if props.get("tags") else []
