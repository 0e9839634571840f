"""CopyImage, as EC2's API reference and user guide describe it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.aws.emulator import Emulator
from tests.waiting import until

pytestmark = pytest.mark.sandbox

WEST, CENTRAL = "eu-west-1", "eu-central-1"


def test_a_copy_is_pending_first_and_has_a_name_of_its_own(aws: Emulator):
    """The account owns it, whoever owned the source; a second one of the same name is refused."""
    west, central, name = aws.client("ec2", WEST), aws.client("ec2", CENTRAL), aws.name()
    source = west.describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["al2023-ami-2023.9*"]}])
    id_ = source["Images"][0]["ImageId"]
    asked = {"Name": name, "SourceImageId": id_, "SourceRegion": WEST, "Encrypted": True}
    tags = [{"ResourceType": kind, "Tags": [{"Key": "k", "Value": kind}]} for kind in ("image", "snapshot")]
    copied = central.copy_image(**asked, TagSpecifications=tags)["ImageId"]

    def shown() -> dict[str, object]:
        return central.describe_images(ImageIds=[copied])["Images"][0]

    first = shown()
    assert (first["State"], first["OwnerId"], first["RootDeviceName"]) == ("pending", "123456789012", "/dev/xvda")
    assert first["Tags"] == [{"Key": "k", "Value": "image"}]
    until(lambda: shown()["State"] == "available")
    with pytest.raises(ClientError, match=r"InvalidAMIName\.Duplicate"):
        central.copy_image(**asked)
