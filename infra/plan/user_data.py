"""Whether what the instances are told fits into user data: known while planning, but for a few digits. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.settings import FleetSettings, Settings
from release import names
from release.component.user_data import Boot, UserDataTooLargeError, render

_LARGEST_VERSION = 999_999
"""Of a parameter; each new value of a secret is another one."""


def problems(settings: Settings, commands: Mapping[str, str], bucket: str) -> Iterator[str]:
    """What EC2 would refuse at launch; `commands` is what each fleet runs."""
    for name, fleet in settings.fleets.items():
        try:
            render(_boot(settings, fleet, commands[name], bucket))
        except UserDataTooLargeError as error:
            yield str(error)


def _boot(settings: Settings, fleet: FleetSettings, command: str, bucket: str) -> Boot:
    stack, name = settings.stack, fleet.name
    return Boot(
        sha="0" * 40,
        digest="0" * 64,
        bucket=bucket,
        region=settings.region,
        fleet=name,
        group=names.group_name(stack, name),
        hook=names.BOOT_HOOK,
        log_group=names.log_group_name(stack, name),
        command=command,
        port=fleet.port,
        health_path=fleet.health.path,
        health_codes=fleet.health.codes,
        health_timeout=fleet.health.timeout,
        boot_timeout=fleet.boot_timeout,
        environment=fleet.environment,
        secrets=tuple(f"{names.parameter_name(stack, name, key)}:{_LARGEST_VERSION}" for key in fleet.secrets),
        packages=fleet.packages,
    )
