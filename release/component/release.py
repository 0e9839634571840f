"""The release that a stack deploys: found before anything is declared, published before anything boots it."""

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
from release.image_copy import ImageCopies
from release.machine_image import Image
from release.source import procfile
from release.store import fail_back, publish
from release.store.arrival import Requirement
from release.store.event import Event
from release.store.followed import Follower
from release.store.ledger import Ledger
from release.store.manifest import ImageName, Manifest
from release.store.releases import Store

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release, and its machine image in the stack's region. It may be one that `pulumi up` is yet to publish."""

    publication: publish.Publication
    image: Image
    store: Store
    follows: str | None = None
    """The stack that this one follows."""
    followed: bool | None = None
    """Whether it is that stack's last good release; None if it follows none."""

    @classmethod
    def find(
        cls,
        *,
        stack: str,
        region: str,
        bucket: str,
        ref: str | None,
        repository: str | None,
        directory: str | None,
        build: Build | None,
        image: ImageName,
        follow: str | None = None,
    ) -> Release:
        """Return the release that `ref` names, or, if it is None, the last one that the ledger says was good.

        With `follow`, that is the last good one of that stack that is whole in the bucket, and git is not asked.

        Changes nothing. `image` says which machine image a release that is not published yet boots, and whose images a
        published one may boot. Raises ReleaseError, whose message is for the user.
        """
        # Before a stack's first `up` there is no bucket, so nothing is published.
        s3, ec2 = client("s3", region), client("ec2", region)
        store, ledger = Store(bucket, s3, may_be_missing=True), Ledger(bucket, s3)
        event = None
        if follow:
            event = _follow(Follower(stack=stack, follows=follow, store=store, ledger=ledger), ref)
        found = publish.prepare(
            repository=None if event else repository,
            ref=ref or (event.sha if event else _last_good(stack, ledger, store)),
            directory=directory,
            store=store,
            image=lambda: publish.newest_image(image, ec2),
            build=build,
            served=lambda sha: ledger.digests(sha, event.stack if event else stack),
            keep=not pulumi.runtime.is_dry_run(),
        )
        _check_owner(found, image.owner)
        for note in found.notes:
            pulumi.log.warn(note)
        return cls(
            publication=found,
            image=machine_image.by_name(found.image.name, found.image.owner, ec2),
            store=store,
            follows=follow,
            followed=(event is not None and event.stack == follow) if follow else None,
        )

    @property
    def sha(self) -> str:
        """Return the commit's full SHA."""
        return self.publication.sha

    def command(self, process: str, own: str | None) -> str:
        """Return what a fleet runs: its own command, else its process's. Raises ReleaseError if there is neither."""
        return own or procfile.command(self.publication.processes, process, self.sha)

    def published(
        self,
        ready: Sequence[pulumi.Resource],
        requirement: Requirement | None = None,
        copies: ImageCopies | None = None,
    ) -> pulumi.Output[str]:
        """Return the artifact's digest, which is known once the release is in the store, and recoverable if required.

        `ready` must exist before anything can be put into the store. A preview publishes nothing and waits for nothing:
        there the digest is known unless a build step decides it.
        """
        known = self.publication.digest
        done = self.publication.already_published and not self.publication.new_tags and requirement is None
        # A preview depends on the same: an `up --plan` is refused where what it depends on differs from the preview's.
        there = pulumi.Output.all(*(() if done else (resource.urn for resource in ready)))
        if pulumi.runtime.is_dry_run():
            if requirement and isinstance(self.publication.of, Manifest):
                _warn(requirement.foresee(self.publication.of))
            if copies:
                _warn(copies.foresee(self.image))
            return there.apply(lambda _: pulumi.Output.from_input(known) if known else _unknown())
        if done:
            return pulumi.Output.from_input(known or "")
        return there.apply(lambda _: self._publish(requirement, copies))

    async def _publish(self, requirement: Requirement | None, copies: ImageCopies | None) -> str:
        try:
            manifest = await asyncio.to_thread(publish.publish, self.publication, self.store, output=_tell)
            if not self.publication.already_published:
                _tell(f"published {manifest.sha}")
            if copies:
                await asyncio.to_thread(copies.begin, self.image, pulumi.log.warn)
            if requirement:
                arrived = await asyncio.to_thread(requirement.meet, manifest, _tell, pulumi.log.warn)
                if arrived:
                    pulumi.log.info(arrived)
            if copies:
                await asyncio.to_thread(copies.meet, self.image, _tell, pulumi.log.warn)
        except ReleaseError as error:
            raise told.run_error(error) from None
        return manifest.digest


def _unknown() -> pulumi.Output[str]:
    """Return an output that a preview shows as `[unknown]`."""
    return pulumi.Output(set(), _done(""), _done(False))


def _done(value: T) -> asyncio.Future[T]:
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


def _tell(line: str) -> None:
    pulumi.log.info(line, ephemeral=True)


def _warn(line: str | None) -> None:
    if line:
        pulumi.log.warn(line)


def _last_good(stack: str, ledger: Ledger, store: Store) -> str:
    taken = fail_back.last(stack, ledger, store)
    for note in taken.notes:
        pulumi.log.warn(note)
    return taken.event.sha


def _follow(follower: Follower, ref: str | None) -> Event | None:
    """Return the event whose release is taken if none is asked for, and say what was passed over for it."""
    if ref:
        follower.check(ref)
        return None
    found = follower.last()
    event = found.event
    for each in found.passed:
        pulumi.log.warn(f"{follower.follows}: {each}")
    whose = f"the last good release of {event.stack}" if event.stack != follower.stack else "this stack's own last one"
    pulumi.log.info(f"deploys {event.sha}, {whose} ({event.action} by {event.by}, {event.when:%Y-%m-%d %H:%M} UTC)")
    return event


def _check_owner(found: publish.Publication, owner: str) -> None:
    """Raise ReleaseError if the image is another owner's: anybody can publish an image by any name."""
    if found.image.owner != owner:
        raise ReleaseError(
            f"release {found.sha} boots the machine image {found.image.name!r} of owner {found.image.owner!r}, "
            f"but slipway:image.owner is {owner!r}: if you trust that owner, run `pulumi config set --path "
            f"slipway:image.owner {found.image.owner}`; otherwise publish a new commit"
        )
