"""The release phase of a stack, at the gate that its fleets pass."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra.fleet import phase_command
from infra.fleet.fleet import Fleet
from infra.network.network import Network
from infra.settings import Settings
from release import names
from release.component import phase
from release.component.deployment import Deployments
from release.component.phase import PhaseArgs
from release.component.release import Release


def declare(
    settings: Settings,
    command: str | None,
    *,
    release: Release,
    bucket: str,
    deployments: Deployments,
    fleets: Mapping[str, Fleet],
    network: Network,
) -> None:
    """Have `command` run once before a fleet gets the release; a preview says so. Nothing is declared for it."""
    if command is None:
        return
    if why := phase_command.left_out(settings):
        pulumi.log.info(why)
        return
    of = phase_command.fleet(settings)
    fleet = fleets[of.name]
    args = PhaseArgs(
        stack=settings.stack,
        region=settings.region,
        bucket=bucket,
        fleet=of.name,
        log_group=fleet.log_group_name,
        sha=release.sha,
        command=command,
        timeout=settings.release.timeout,
        again=settings.release_again,
        tags=names.tags(settings.stack, fleet=of.name),
        types=of.instance_types,
        template=fleet.template,
        boot=fleet.boot,
        subnets=[subnet.id for subnet in network.private.values()],
        ready=[*fleet.ready, *network.ready],
    )
    if pulumi.runtime.is_dry_run():
        phase.foresee(args, release.publication.digest)
    else:
        deployments.gate.add(phase.step(args))
