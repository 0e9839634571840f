"""Copies a release's machine image to the region of the store's replica, under its name. (EC2 CopyImage.)

Like a release, a copy is made once and kept: it is nobody's resource, so that a stack that goes on to another image, or
back to an older one, neither removes it nor finds it in its way.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from release import machine_image, names
from release.clients import SHORTLY, code, explained
from release.clients import client as new_client
from release.errors import ImageError
from release.machine_image import Image

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.type_defs import TagTypeDef

_PAUSE = 5.0


@dataclass(frozen=True, kw_only=True)
class ImageCopies:
    """The copies of one stack's images in a second region."""

    stack: str
    source: str
    """The region of the stack."""
    target: str
    """The region of the replica."""
    seconds: float
    """How long to wait for a copy at most."""
    required: bool
    """Whether a release without one is refused."""
    clock: Callable[[], float] = field(default=time.monotonic, compare=False)
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)

    @cached_property
    def _ec2(self) -> EC2Client:
        return new_client("ec2", self.target, SHORTLY)

    def foresee(self, image: Image) -> str | None:
        """Return what a preview says: that the image will be copied, or can't be asked for; None if it is there."""
        try:
            there = self._state(image) is not None
        except ImageError as error:
            return str(error)
        return None if there else f"machine image {image.name} is not in {self.target}: `pulumi up` copies it there"

    def begin(self, image: Image, warn: Callable[[str], None]) -> None:
        """Begin to copy the image, unless the other region has it, or is getting it.

        Raises ImageError if that region refuses or does not answer, unless the image need not be there: then it warns.
        """
        try:
            if self._state(image) is None:
                self._copy(image)
        except ImageError as error:
            if self.required:
                raise
            warn(str(error))

    def _copy(self, image: Image) -> None:
        tags: list[TagTypeDef] = [
            {"Key": names.STACK_TAG, "Value": self.stack},
            {"Key": names.IMAGE_OWNER_TAG, "Value": image.owner},
            {"Key": "Name", "Value": image.name},
        ]
        with explained(f"copy the image {image.name}", f"region {self.target}", ImageError):
            try:
                self._ec2.copy_image(
                    Name=image.name,
                    SourceImageId=image.id,
                    SourceRegion=self.source,
                    Description=f"Copy of {image.id} in {self.source}",
                    Encrypted=True,
                    ClientToken=hashlib.sha256(f"{image.id} {self.target}".encode()).hexdigest(),
                    TagSpecifications=[
                        {"ResourceType": "image", "Tags": tags},
                        {"ResourceType": "snapshot", "Tags": tags},
                    ],
                )
            except ClientError as error:
                if code(error) != "InvalidAMIName.Duplicate":  # somebody else has just begun
                    raise

    def meet(self, image: Image, tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        """Wait until the other region has the image.

        Raises ImageError if it has not in time, unless it need not: then it warns, and does not wait.
        """
        began = self.clock()
        while True:
            try:
                state = self._state(image)
            except ImageError as error:
                if self.required:
                    raise
                warn(str(error))
                return
            waited = self.clock() - began
            if state == "available":
                return
            seen = f"machine image {image.name} is {state or 'missing'}"
            if not self.required:
                warn(f"region {self.target}: {seen}: until it is available, the release can't boot there")
                return
            if state != "pending" or waited >= self.seconds:
                raise ImageError(f"region {self.target}: {seen} after {waited:.0f} s {self._remedy}")
            tell(f"waiting for machine image {image.name} in {self.target} ({waited:.0f} of {self.seconds:.0f} s)")
            self.sleep(min(_PAUSE, self.seconds - waited))

    @property
    def _remedy(self) -> str:
        return (
            f"(artifacts.replica.wait). No fleet was changed. `aws ec2 describe-images --owners self --region "
            f"{self.target}` tells more; run `pulumi up` again to go on waiting, or `SLIPWAY_UNREPLICATED=1 pulumi up` "
            "to deploy it all the same"
        )

    def _state(self, image: Image) -> str | None:
        """Return the state of the image, or of its copy, in the other region; None if there is none."""
        return machine_image.state_of(image.name, image.owner, self._ec2)
