"""aws.lb: how its resources are tagged."""

from sandbox.provider.kit import Call, tag_map, tagger

tag, untag = tagger("elbv2", "add_tags", "remove_tags", "ResourceArns", lambda _, arn: [arn])


def read_tags(call: Call, arn: str) -> dict[str, str]:
    """Return the tags of a load balancer, target group, listener or rule."""
    return tag_map(call.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])
