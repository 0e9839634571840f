"""What the instances of a fleet are told at launch, and whether it fits into user data. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from infra.settings import FleetSettings, Settings
from release import names
from release.component.user_data import Boot, Part, UserDataTooLargeError, render

_LARGEST_VERSION = 999_999
"""Version of a parameter: each new value of a secret makes another one."""


def boot(
    fleet: FleetSettings,
    *,
    stack: str,
    region: str,
    bucket: str,
    command: str,
    sha: str,
    digest: str,
    secrets: Sequence[str],
    output: bool = False,
) -> Boot:
    """Return what each instance of the fleet is told; `secrets` are `name:version` selectors of SSM parameters.

    With `output`, it sends what the app prints to CloudWatch Logs.
    """
    logs = Part(script="logs", told={"OUTPUT_GROUP": names.output_group_name(stack, fleet.name)})
    parts = [*([logs] if output else []), *([] if fleet.balanced else [_worker(fleet)])]
    return Boot(
        sha=sha,
        digest=digest,
        bucket=bucket,
        region=region,
        fleet=fleet.name,
        group=names.group_name(stack, fleet.name),
        hook=names.BOOT_HOOK,
        log_group=names.log_group_name(stack, fleet.name),
        command=command,
        port=fleet.port,
        health_path=fleet.health.path,
        health_codes=fleet.health.codes,
        health_timeout=fleet.health.timeout,
        boot_timeout=fleet.boot_timeout,
        environment=fleet.environment,
        secrets=tuple(secrets),
        packages=fleet.packages,
        parts=tuple(parts),
    )


def _worker(fleet: FleetSettings) -> Part:
    """Return what instances do that no balancer checks and drains: they prove, watch and end their process."""
    health = fleet.health
    told = {
        "HEALTH_COMMAND": health.command or "",
        "HEALTH_INTERVAL": str(health.interval),
        "HEALTHY": str(health.healthy_threshold),
        "UNHEALTHY": str(health.unhealthy_threshold),
        "DRAIN": str(fleet.drain),
        "DRAIN_HOOK": names.DRAIN_HOOK,
    }
    return Part(script="worker", told=told)


def largest(settings: Settings, fleet: FleetSettings, command: str, bucket: str) -> Boot:
    """Return what an instance that runs `command` is told, as long as it can get before the release is known."""
    parameters = (names.parameter_name(settings.stack, fleet.name, key) for key in fleet.secrets)
    return boot(
        fleet,
        stack=settings.stack,
        region=settings.region,
        bucket=bucket,
        command=command,
        sha="0" * 40,
        digest="0" * 64,
        secrets=[f"{parameter}:{_LARGEST_VERSION}" for parameter in parameters],
        output=settings.logs.output,
    )


def problems(settings: Settings, commands: Mapping[str, str], bucket: str) -> Iterator[str]:
    """Yield what EC2 would refuse at launch, known before anything is declared; `commands` is what each fleet runs."""
    for name, fleet in settings.fleets.items():
        try:
            render(largest(settings, fleet, commands[name], bucket))
        except UserDataTooLargeError as error:
            yield str(error)
