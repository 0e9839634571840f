"""aws.lb: how its resources are tagged."""

from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call
from sandbox.provider.tags import tag_map


def tag(call: Call, arn: str, pairs: Sequence[dict[str, Any]]) -> None:
    """Set tags."""
    call.client("elbv2").add_tags(ResourceArns=[arn], Tags=pairs)


def untag(call: Call, arn: str, keys: Sequence[str]) -> None:
    """Remove tags."""
    call.client("elbv2").remove_tags(ResourceArns=[arn], TagKeys=keys)


def read_tags(call: Call, arn: str) -> dict[str, str]:
    """Return the tags of a load balancer, target group, listener or rule."""
    return tag_map(call.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])
