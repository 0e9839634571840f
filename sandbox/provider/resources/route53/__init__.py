"""aws.route53: how its resources are tagged and named."""

from collections.abc import Sequence
from typing import Any

from sandbox.provider.call import Call, partition
from sandbox.provider.schema import Props
from sandbox.provider.tags import tag_map


def tag(call: Call, id_: str, pairs: Sequence[dict[str, Any]]) -> None:
    """Set tags of a zone or a health check."""
    call.client("route53").change_tags_for_resource(ResourceType=_kind(id_), ResourceId=id_, AddTags=pairs)


def untag(call: Call, id_: str, keys: Sequence[str]) -> None:
    """Remove tags of a zone or a health check."""
    call.client("route53").change_tags_for_resource(ResourceType=_kind(id_), ResourceId=id_, RemoveTagKeys=keys)


def _kind(id_: str) -> str:
    return "healthcheck" if "-" in id_ else "hostedzone"  # a UUID, or letters and digits alone


def common(call: Call, id_: str) -> Props:
    """Return the tags and the ARN of a zone or a health check."""
    reply = call.client("route53").list_tags_for_resource(ResourceType=_kind(id_), ResourceId=id_)
    arn = f"arn:{partition(call.region)}:route53:::{_kind(id_)}/{id_}"
    return {"tags": tag_map(reply["ResourceTagSet"]["Tags"]), "arn": arn}
