"""Machine images, by name."""

from __future__ import annotations

import pytest

from release import machine_image
from release.clients import client
from release.errors import ImageError

pytestmark = pytest.mark.sandbox


def test_the_newest_that_fits(aws: str):
    """Of several that fit a pattern the one made last; the manifest's name finds it again."""
    ec2 = client("ec2", "eu-central-1")
    for name in ("site-2024-01", "site-2024-02", "other-2024-03"):
        ec2.register_image(Name=name, Architecture="x86_64")
    dates = {each["Name"]: each["CreationDate"] for each in ec2.describe_images(Owners=["self"])["Images"]}
    found = machine_image.newest("site-*", "self", ec2)
    assert found.name in {name for name in dates if name.startswith("site")}
    assert dates[found.name] == max(dates["site-2024-01"], dates["site-2024-02"])
    assert found.owner == "self"
    assert found.id.startswith("ami-")
    assert machine_image.by_name(found.name, "self", ec2) == found


def test_an_image_that_is_not_there(aws: str):
    """The errors name the region and what mends it; a pattern is no name."""
    ec2 = client("ec2", "eu-north-1")
    ec2.register_image(Name="site-1", Architecture="x86_64")
    with pytest.raises(ImageError, match=r"region eu-north-1: no machine image .* check slipway:image"):
        machine_image.newest("nope-*", "self", ec2)
    for name in ("nope", "site-*"):
        with pytest.raises(ImageError, match=r"region eu-north-1: .*aws ec2 copy-image"):
            machine_image.by_name(name, "self", ec2)
