"""aws.lb: how its resources are tagged."""

from sandbox.provider.kit import Call, Names, Pairs, tag_map


def tag(call: Call, arn: str, pairs: Pairs) -> None:
    """Set tags."""
    call.client("elbv2").add_tags(ResourceArns=[arn], Tags=pairs)


def untag(call: Call, arn: str, keys: Names) -> None:
    """Remove tags."""
    call.client("elbv2").remove_tags(ResourceArns=[arn], TagKeys=keys)


def read_tags(call: Call, arn: str) -> dict[str, str]:
    """Return the tags of a load balancer, target group, listener or rule."""
    return tag_map(call.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])
