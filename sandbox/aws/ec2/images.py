"""The Amazon Linux images that exist in every region, as the real ones do: by name, with ids of the region's own."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from moto.ec2.models.amis import Ami

AMAZON = "137112412989"
PREFIX = "al2023-ami-2023."
ROOT_DEVICE = "/dev/xvda"


@dataclass(frozen=True, kw_only=True)
class AmazonLinux:
    """One Amazon Linux 2023 release: its version and the day it came out."""

    version: str
    created: datetime


RELEASES = (
    AmazonLinux(version="2023.8.20250818.0", created=datetime(2025, 8, 18, 18, 0)),
    AmazonLinux(version="2023.9.20251105.0", created=datetime(2025, 11, 5, 18, 0)),
)
ARCHITECTURES = ("x86_64", "arm64")


def image_id(region: str, name: str) -> str:
    """Return the id of `name` in `region`: the same in every process, different in every region."""
    return "ami-" + hashlib.sha256(f"{region}/{name}".encode()).hexdigest()[:17]


def amazon_linux(backend: object, region: str) -> list[Ami]:
    """Return all images of all releases for one region's EC2 `backend`."""
    return [_image(backend, region, release, architecture) for release in RELEASES for architecture in ARCHITECTURES]


def _image(backend: object, region: str, release: AmazonLinux, architecture: str) -> Ami:
    name = f"al2023-ami-{release.version}-kernel-6.1-{architecture}"
    image = Ami(
        backend,
        image_id(region, name),
        name=name,
        description=f"Amazon Linux 2023 AMI {release.version} {architecture} HVM kernel-6.1",
        owner_id=AMAZON,
        owner_alias="amazon",
        public=True,
        virtualization_type="hvm",
        architecture=architecture,
        creation_date=release.created,
        image_location=f"amazon/{name}",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name=ROOT_DEVICE,
        sriov="simple",
        region_name=f"{region}a",
        boot_mode="uefi-preferred",
    )
    return cast(Ami, image)  # the metaclass of moto hides what it builds
