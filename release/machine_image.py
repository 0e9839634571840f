"""Finds machine images by name, because ids differ from region to region. (EC2 DescribeImages.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from release import names
from release.clients import client as new_client
from release.clients import explained
from release.errors import ImageError

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.type_defs import FilterTypeDef, ImageTypeDef

_STATES = ("available", "pending", "transient", "failed", "error", "invalid")
"""Every state of an image that has its name (API reference, Image)."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image that a fleet can boot. `owner` is what it was looked up by (`amazon`, `self`, an account id)."""

    id: str
    name: str
    owner: str
    architecture: str
    root_device: str
    state: str = "available"


def newest(name_pattern: str, owner: str, client: EC2Client | None = None) -> Image:
    """Return the newest image whose name matches the pattern (`*`, `?`). Raises ImageError if there is none."""
    ec2 = new_client("ec2") if client is None else client
    found = _images(ec2, name_pattern, owner, deprecated=False)
    if not found:
        raise ImageError(
            f"region {ec2.meta.region_name}: no machine image of owner {owner!r} matches {name_pattern!r}: "
            "check slipway:image (name and owner), or the region"
        )
    return found[0]


def by_name(name: str, owner: str, client: EC2Client | None = None) -> Image:
    """Return the image of exactly that name, even if it is deprecated: an old release boots what it booted then.

    A copy in the own account counts where its tag says whose image it is a copy of: image.copy makes such ones.
    Raises ImageError if the region doesn't have it.
    """
    ec2 = new_client("ec2") if client is None else client
    found = _named(ec2, name, owner, ("available",))
    if not found:
        raise ImageError(
            f"region {ec2.meta.region_name}: there is no machine image {name!r} of owner {owner!r}: copy it here "
            f"(`aws ec2 copy-image --name {name} --source-region … --source-image-id …`), or publish a new commit, "
            "which takes the newest image"
        )
    return found[0]


def state_of(name: str, owner: str, client: EC2Client) -> str | None:
    """Return the state of the image that `by_name` finds, or that it will; None if there is none (`available`, …)."""
    found = _named(client, name, owner, _STATES)
    return found[0].state if found else None


def _named(ec2: EC2Client, name: str, owner: str, states: Sequence[str]) -> list[Image]:
    own = _images(ec2, name, owner, deprecated=True, states=states)
    found = own or _images(ec2, name, "self", deprecated=True, states=states, copy_of=owner)
    return [replace(image, owner=owner) for image in found if image.name == name]


def _images(
    ec2: EC2Client,
    name: str,
    owner: str,
    *,
    deprecated: bool,
    states: Sequence[str] = ("available",),
    copy_of: str | None = None,
) -> list[Image]:
    filters: list[FilterTypeDef] = [{"Name": "name", "Values": [name]}, {"Name": "state", "Values": list(states)}]
    if copy_of:
        filters.append({"Name": f"tag:{names.IMAGE_OWNER_TAG}", "Values": [copy_of]})
    with explained(f"look up the image {name}", f"region {ec2.meta.region_name}", ImageError):
        pages = ec2.get_paginator("describe_images").paginate(
            Owners=[owner], Filters=filters, IncludeDeprecated=deprecated
        )
        found: list[ImageTypeDef] = [image for page in pages for image in page["Images"]]
    found.sort(key=lambda image: (str(image["CreationDate"]), str(image["ImageId"])), reverse=True)
    return [
        Image(
            id=image["ImageId"],
            name=image["Name"],
            owner=owner,
            architecture=image.get("Architecture", "unknown"),
            root_device=image.get("RootDeviceName", "/dev/xvda"),
            state=image.get("State", "available"),
        )
        for image in found
    ]
