"""Finds the release that the settings ask for."""

from __future__ import annotations

from infra.settings import Settings
from release.artifact.build import Build
from release.component.release import Release
from release.store.manifest import ImageName


def release_of(settings: Settings, bucket: str) -> Release:
    """Return the release of the stack. Raises ReleaseError if there is no such one."""
    wanted, step = settings.release, settings.release.build
    return Release.find(
        stack=settings.stack,
        region=settings.region,
        bucket=bucket,
        ref=wanted.sha,
        repository=wanted.repository,
        directory=wanted.directory,
        build=Build(command=step.command, timeout=step.timeout, trusted=step.trusted) if step else None,
        image=ImageName(name=settings.image.name, owner=settings.image.owner),
        follow=wanted.follow,
    )
