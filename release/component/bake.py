"""The release of a stack: resolved before anything is declared, published before anything boots it.

`plan` reads (git, the store, the image); `Release` is what the fleets are declared with. A preview publishes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import pulumi

from release import machine_image
from release.artifact.build import Build
from release.clients import client
from release.component import told
from release.errors import ReleaseError
from release.machine_image import Image
from release.source import procfile
from release.store import publish
from release.store.ledger import Ledger
from release.store.manifest import ImageName
from release.store.releases import Store

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Which release a stack asks for. `sha` is any ref, or None for the last one that the ledger says was good."""

    stack: str
    region: str
    bucket: str
    sha: str | None
    repository: str | None
    directory: str | None
    build: Build | None
    image: ImageName
    supersede: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A release that is known, and perhaps not published yet."""

    release: publish.Publication
    image: Image
    store: Store
    supersede: bool = False

    def command(self, process: str, own: str | None) -> str:
        """What a fleet runs: its own command, else that of its process. Raises ReleaseError where there is neither."""
        return own or procfile.command(self.release.processes, process, self.release.sha)


def plan(source: Source) -> Plan:
    """Finds the release and its image, and changes nothing. Raises ReleaseError, whose message is for the user."""
    # Before a stack's first `up` there is no bucket, so nothing is published.
    store = Store(source.bucket, client("s3", source.region), may_be_missing=True)
    ec2 = client("ec2", source.region)
    ref = source.sha or _last_good(source)
    release = publish.prepare(
        repository=source.repository,
        ref=ref,
        directory=source.directory,
        store=store,
        image=lambda: _newest(source.image, ec2),
        build=source.build,
        served=lambda sha: Ledger(source.bucket, client("s3", source.region)).digests(sha, source.stack),
        keep=not pulumi.runtime.is_dry_run(),
    )
    _check_owner(release, source.image.owner)
    for note in release.notes:
        pulumi.log.warn(note)
    found = machine_image.by_name(release.image.name, release.image.owner, ec2)
    return Plan(release=release, image=found, store=store, supersede=source.supersede)


class Release:
    """A planned release, as the fleets are declared with it.

    `digest` resolves once the release is published. In a preview nothing is published, and it is known only where no
    build step decides it.
    """

    sha: str
    image_id: str
    image_name: str
    root_device: str
    supersede: bool = False
    digest: pulumi.Output[str]

    def __init__(self, planned: Plan, ready: Sequence[pulumi.Resource]) -> None:
        """`ready`: what must exist before anything can be put into the store."""
        self._planned = planned
        self.sha = planned.release.sha
        self.image_id = planned.image.id
        self.image_name = planned.image.name
        self.supersede = planned.supersede
        self.root_device = planned.image.root_device
        self.digest = self._digest(ready)

    def _digest(self, ready: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
        known = self._planned.release.digest
        published = self._planned.release.already_published
        if published and (pulumi.runtime.is_dry_run() or not self._planned.release.new_tags):
            return pulumi.Output.from_input(known or "")
        if pulumi.runtime.is_dry_run():
            return pulumi.Output.from_input(known) if known else _unknown()
        return pulumi.Output.all(*(resource.urn for resource in ready)).apply(self._publish)

    async def _publish(self, _ready: Sequence[str]) -> str:
        try:
            manifest = await asyncio.to_thread(
                publish.publish, self._planned.release, self._planned.store, output=_tell
            )
        except ReleaseError as error:
            raise told.run_error(error) from None
        if not self._planned.release.already_published:
            _tell(f"published {manifest.sha}")
        return manifest.digest


def _unknown() -> pulumi.Output[str]:
    """An output that a preview shows as `[unknown]`."""
    return pulumi.Output(set(), _done(""), _done(False))


def _done(value: T) -> asyncio.Future[T]:
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


def _tell(line: str) -> None:
    pulumi.log.info(line, ephemeral=True)


def _newest(wanted: ImageName, ec2: object) -> ImageName:
    found = machine_image.newest(wanted.name, wanted.owner, ec2)
    return ImageName(name=found.name, owner=found.owner)


def _last_good(source: Source) -> str:
    event = Ledger(source.bucket, client("s3", source.region)).last_good(source.stack)
    if event is None:
        raise ReleaseError(
            f"{source.stack}: no release is asked for, and the ledger in {source.bucket} knows of none that served: "
            "run `pulumi config set --path slipway:release.sha <sha>`, or set SLIPWAY_SHA"
        )
    return event.sha


def _check_owner(release: publish.Publication, owner: str) -> None:
    """Anybody can publish an image by any name: who may is for the settings to say, not for the bucket."""
    if release.image.owner != owner:
        raise ReleaseError(
            f"release {release.sha} boots the machine image {release.image.name!r} of owner {release.image.owner!r}, "
            f"and slipway:image.owner is {owner!r}: where you trust that owner, run `pulumi config set --path "
            f"slipway:image.owner {release.image.owner}`; else publish a new commit"
        )
