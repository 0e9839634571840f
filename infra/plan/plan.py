"""The plan of a stack: all that it needs to know in addition to its settings, before anything is declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pulumi

from infra.balancer import routing
from infra.balancer.routing import Routing
from infra.fleet import boot, job_command, phase_command
from infra.network import zones
from infra.plan import (
    checks,
    control_planes,
    domain,
    frozen,
    live,
    lookup,
    maintenance,
    offerings,
    provider,
    replicas,
    review,
    usage,
)
from infra.plan.provider import refuse, warn, where
from infra.plan.release import release_of
from infra.settings import Settings, SettingsError
from infra.settings.fleet import RouteSettings
from infra.store.artifacts import bucket_of
from release import names
from release.clients import explained
from release.component.release import Release
from release.rollout.observe import Fleets
from release.rollout.observed import DeployedFleet
from release.store.freezes import Freeze


@dataclass(frozen=True, kw_only=True)
class Plan:
    account: str
    zones: Sequence[str]
    bucket: str
    """The name of the release store."""
    release: Release
    commands: Mapping[str, str]
    """What each fleet runs."""
    routing: Routing
    kept_logs: bool = False
    """Whether the bucket of the access logs was kept when the stack was removed, and is taken over."""
    kept_store_logs: frozenset[str] = frozenset()
    """The buckets for the store's access logs that are there, and are taken over."""
    phase: str | None = None
    """What runs once before a fleet gets the release."""
    expires: str | None = None
    """When a review stack may be removed, as its tag tells it."""
    insisted: Freeze | None = None
    """The freeze in spite of which it is deployed."""


_NAMED = (checks.topics, checks.egress, checks.key, checks.web_acl)
"""What the settings name has to be there."""


class _Asked:
    """What is asked side by side as soon as the settings are known; it is waited for where it is needed."""

    def __init__(self, settings: Settings, threads: ThreadPoolExecutor) -> None:
        self.caller = threads.submit(lookup.caller, settings.region)
        self.fleets = threads.submit(lambda: Fleets(settings.region).of_stack(settings.stack))
        self.rules = threads.submit(_rules, settings)
        self.store = threads.submit(checks.store, settings)
        self.missing = [threads.submit(check, settings) for check in _NAMED]
        self.missing.append(threads.submit(lambda: _global_writes(settings, self.fleets.result())))
        self.review = threads.submit(review.look, settings)
        self.quotas = threads.submit(lambda: usage.look(settings, self.fleets.result()))
        self.records = threads.submit(domain.look, settings)


def plan(settings: Settings) -> Plan:
    """Ask AWS (and git, for a release that is not published), and change nothing.

    Raises SettingsError; ReleaseError if there is no such release or AWS refuses to say.
    """
    with ThreadPoolExecutor() as threads:
        asked = _Asked(settings, threads)
        found = provider.ask(settings)
        provider.check(settings, found, asked.caller.result)
        account = found.caller.account
        chosen = zones.choose(settings.network.zones, found.zones, stack=settings.stack, region=settings.region)
        offered = threads.submit(offerings.look, settings, chosen)
        bucket = bucket_of(settings.artifacts, stack=settings.stack, account=account, region=settings.region)
        freeze = threads.submit(frozen.look, settings, bucket)
        paused = threads.submit(maintenance.look, settings, bucket)
        previewed = pulumi.runtime.is_dry_run()
        replica = threads.submit(lambda: replicas.look(settings, account, previewed=previewed))
        with explained("look for what is there", where(settings)):
            there = asked.fleets.result()
            refuse(settings, asked.review.result().problems)
            refuse(settings, [*asked.store.result(), *checks.posture(settings, there)])
        insisted = frozen.heed(settings, freeze.result())
        both = threads.submit(live.warnings, settings, bucket, account)
        kept = threads.submit(checks.kept_logs, settings, account, there)
        store_logs = threads.submit(checks.kept_store_logs, settings, account)
        release = release_of(settings, bucket)
        with explained("look for what is there", where(settings)):
            for problems in (*(check.result() for check in asked.missing), offered.result().problems):
                refuse(settings, problems)
            refuse(settings, [*checks.ports(settings, there), *paused.result()[0]])
            refuse(settings, checks.taken_names(settings, account, there))
            refuse(settings, [*replica.result().problems, *asked.records.result()[0]])
            routed = _route(settings, asked.rules.result())
            kept_logs = kept.result()
    exceeded, unread = asked.quotas.result()
    warn(
        [*replica.result().warnings, *offered.result().warnings, *exceeded, *both.result(), *paused.result()[1]], unread
    )
    warn(asked.review.result().warnings, asked.records.result()[1])
    commands = {name: release.command(fleet.process, fleet.command) for name, fleet in settings.fleets.items()}
    refuse(settings, [*boot.problems(settings, commands, bucket), *job_command.problems(settings, bucket)])
    refuse(settings, checks.commands(settings, commands, release.image))
    phase = phase_command.command(settings, release.publication.processes)
    refuse(settings, phase_command.problems(settings, phase, bucket))
    return Plan(
        account=account,
        zones=chosen,
        bucket=bucket,
        release=release,
        commands=commands,
        phase=phase,
        routing=routed,
        kept_logs=kept_logs,
        kept_store_logs=store_logs.result(),
        expires=asked.review.result().expires,
        insisted=insisted,
    )


def _global_writes(settings: Settings, there: Sequence[DeployedFleet]) -> list[str]:
    """Return what a global control plane has to make and can't now. A preview makes nothing, and does not ask."""
    return [] if pulumi.runtime.is_dry_run() else control_planes.problems(settings, there)


def _rules(settings: Settings) -> dict[tuple[str, str | None], int]:
    """Return the priorities of the rules that the listener has, by fleet and path.

    A listener names target groups; a fleet has the one of its name and port. Rules that are to go stay taken.
    """
    if not routing.plan(_routes(settings)).rules:
        return {}
    fleets = {
        names.target_group_name(settings.stack, name, fleet.port): name for name, fleet in settings.balanced.items()
    }
    rules = lookup.rules(settings.region, settings.stack)
    return {(fleets.get(target, f"({target})"), path): priority for (target, path), priority in rules.items()}


def _route(settings: Settings, rules: routing.There) -> Routing:
    """Return the routing. Raises SettingsError if rules that are to go leave no priority for a new one."""
    try:
        return routing.plan(_routes(settings), rules)
    except ValueError as error:
        raise SettingsError(settings.stack, [str(error)]) from None


def _routes(settings: Settings) -> Mapping[str, RouteSettings]:
    return {name: fleet.routes for name, fleet in settings.balanced.items()}
