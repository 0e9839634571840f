"""Finds what has the tag of review stacks in a region."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from release import names
from release.clients import client
from release.review.decide import Tagged

_LINGERS = re.compile(r"arn:[^:]+:ec2:[^:]+:[^:]*:(instance|natgateway|network-interface|volume)/")
"""What AWS goes on listing for an hour after it is gone. It lies in a VPC, which is listed as long as it is there."""


def look(region: str | None, stack: str | None = None) -> dict[str, Tagged]:
    """Return what AWS has of each review stack, or of one (GetResources; DescribeTags of Auto Scaling).

    Raises what boto3 raises.
    """
    tagging, autoscaling = client("resourcegroupstaggingapi", region), client("autoscaling", region)
    wanted = [{"Key": names.EXPIRY_TAG}, {"Key": names.STACK_TAG, **({"Values": [stack]} if stack else {})}]
    pages = tagging.get_paginator("get_resources").paginate(TagFilters=wanted)
    found = [
        (str(shown["ResourceARN"]), {str(tag["Key"]): str(tag["Value"]) for tag in shown["Tags"]})
        for page in pages
        for shown in page["ResourceTagMappingList"]
    ]
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    keys = [names.EXPIRY_TAG, names.STACK_TAG]
    for page in autoscaling.get_paginator("describe_tags").paginate(Filters=[{"Name": "key", "Values": keys}]):
        for tag in page["Tags"]:
            groups[f"auto-scaling-group/{tag['ResourceId']}"][str(tag["Key"])] = str(tag.get("Value", ""))
    each = by_stack([*found, *groups.items()])
    return {name: of for name, of in each.items() if stack in (None, name)}


def by_stack(found: Iterable[tuple[str, dict[str, str]]]) -> dict[str, Tagged]:
    """Return what each stack has of these ARNs and their tags; what lacks one of the two tags is nobody's. Pure."""
    values, arns = defaultdict[str, set[str]](set), defaultdict[str, list[str]](list)
    for arn, stack, expires in _told(found):
        values[stack].add(expires)
        arns[stack].append(arn)
    return {
        stack: Tagged(expires=frozenset(values[stack]), arns=tuple(sorted(set(arns[stack])))) for stack in sorted(arns)
    }


def _told(found: Iterable[tuple[str, dict[str, str]]]) -> Iterator[tuple[str, str, str]]:
    for arn, tags in found:
        if names.STACK_TAG in tags and names.EXPIRY_TAG in tags and not _LINGERS.match(arn):
            yield arn, tags[names.STACK_TAG], tags[names.EXPIRY_TAG]
