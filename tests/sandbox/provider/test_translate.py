"""What is a map in the program is sent as pulumi-aws sends it: in another order each time."""

from __future__ import annotations

from sandbox.provider.resources.ec2.launch_template import RESOURCE

TAGS = {f"k{n}": f"v{n}" for n in range(8)}


def test_tags_come_in_any_order():
    """Whoever compares what AWS has by order compares wrongly, and so do the tests that use this provider."""
    props = {"tagSpecifications": [{"resourceType": "instance", "tags": TAGS}]}
    sent = [RESOURCE.to_aws(props)["TagSpecifications"][0]["Tags"] for _ in range(20)]
    assert all({tag["Key"]: tag["Value"] for tag in tags} == TAGS for tags in sent)
    assert len({tuple(tag["Key"] for tag in tags) for tags in sent}) > 1
