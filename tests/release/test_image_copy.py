"""A release's machine image in the region of the replica: copied once, found by name, and waited for."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from release import machine_image, names
from release.clients import client
from release.errors import ImageError
from release.image_copy import ImageCopies
from release.machine_image import Image

pytestmark = pytest.mark.sandbox

WEST, CENTRAL = "eu-west-1", "eu-central-1"


def copies(**changes: object) -> ImageCopies:
    made = ImageCopies(stack="prod", source=WEST, target=CENTRAL, seconds=30, required=True)
    return replace(made, **changes)  # type: ignore[arg-type]


def own(name: str) -> Image:
    """An image of the account's own, in the first region alone."""
    boto3.client("ec2", WEST).register_image(Name=name, RootDeviceName="/dev/xvda")
    return machine_image.by_name(name, "self", client("ec2", WEST))


def test_an_image_is_copied_once_and_found_by_its_name(aws: str):
    """Encrypted and tagged; again, nothing is copied, and a preview has nothing to say."""
    image = own("site-1")
    made, said = copies(), list[str]()
    assert made.foresee(image) == f"machine image site-1 is not in {CENTRAL}: `pulumi up` copies it there"
    for _ in range(2):
        made.begin(image, said.append)
        made.meet(image, print, said.append)
    there = client("ec2", CENTRAL)
    found = there.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["site-1"]}])["Images"]
    assert len(found) == 1
    assert {tag["Key"]: tag["Value"] for tag in found[0]["Tags"]}[names.STACK_TAG] == "prod"
    snapshots = there.describe_snapshots(SnapshotIds=[found[0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]])
    assert snapshots["Snapshots"][0]["Encrypted"]
    copied = machine_image.by_name("site-1", "self", there)
    assert copied.owner == "self"
    assert copied.id != image.id
    assert said == []
    assert made.foresee(image) is None


def test_a_copy_of_somebody_elses_image_is_found_by_its_owner(aws: str):
    """Only where its tag says whose it is: an own image that merely has the name is another one."""
    there = client("ec2", CENTRAL)
    image = replace(own("golden-1"), owner="999988887777")
    copies().begin(image, print)
    copies().meet(image, print, print)
    assert machine_image.by_name("golden-1", "999988887777", there).owner == "999988887777"
    for owner in ("111122223333", "amazon"):
        with pytest.raises(ImageError, match="there is no machine image 'golden-1'"):
            machine_image.by_name("golden-1", owner, there)


def test_what_every_region_has_is_not_copied(aws: str):
    """Amazon's own images, which each region has by the same name."""
    image = machine_image.newest("al2023-ami-2023.*-x86_64", "amazon", client("ec2", WEST))
    copies().begin(image, print)
    copies().meet(image, print, print)
    found = client("ec2", CENTRAL).describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": [image.name]}])
    assert found["Images"] == []


def test_a_copy_that_takes_too_long_is_refused_unless_it_need_not_be_there(aws: str):
    """The error says what is waited for, and how to insist."""
    image, said = own("site-2"), list[str]()
    copies().begin(image, said.append)
    with pytest.raises(
        ImageError, match=rf"region {CENTRAL}: machine image site-2 is pending after 0 s .*UNREPLICATED"
    ):
        copies(seconds=0).meet(image, said.append, said.append)
    lax = copies(required=False)
    missing = replace(image, name="site-3")
    lax.meet(missing, said.append, said.append)
    assert len(said) == 1
    assert said[0].startswith(f"region {CENTRAL}: machine image site-3 is missing: until it is available, the release")


def test_a_region_that_does_not_answer(aws: str, monkeypatch: pytest.MonkeyPatch):
    """A preview says so; a deploy that requires the copy is refused, any other one warns."""
    image, said = own("site-4"), list[str]()
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:1")
    assert "could not look up the image site-4" in str(copies().foresee(image))
    with pytest.raises(ImageError, match=f"region {CENTRAL}: could not look up the image site-4"):
        copies().begin(image, said.append)
    copies(required=False).begin(image, said.append)
    copies(required=False).meet(image, said.append, said.append)
    assert len(said) == 2
