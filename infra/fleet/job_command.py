"""What the instances of scheduled work are told, and what EC2 would refuse of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from infra.fleet import boot
from infra.settings import Settings
from infra.settings.schedule import JobSettings
from release import names
from release.component.once import scheduled
from release.component.user_data import Boot, UserDataTooLargeError, render


def told(base: Boot, stack: str, name: str, job: JobSettings) -> Boot:
    """Return what tells an instance to do the work `name`; `base` is what its fleet's instances are told."""
    return scheduled(
        base,
        group=names.group_name(stack, names.job_fleet(name)),
        command=job.command,
        timeout=job.timeout,
        stream=names.job_stream(name),
    )


def problems(settings: Settings, bucket: str) -> Iterator[str]:
    """Yield what EC2 would refuse of the launch templates, half-way through the `up`."""
    for name, job in settings.schedule.items():
        base = boot.largest(settings, settings.fleets[job.fleet], job.command, bucket)
        try:
            render(told(base, settings.stack, name, job))
        except UserDataTooLargeError as error:
            whose, _, why = str(error).partition(": ")
            own = whose == f"fleets.{job.fleet}.command"
            yield f"schedule.{name}.command: {why}" if own else f"schedule.{name}: on its own instance, {error}"
