"""Checks what a fleet without a balancer (`routes: none`) may have, and what only such a one may. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.settings.fleet import FleetSettings
from infra.settings.stack import Settings

READY_WITHIN = 15
"""Seconds before its boot timeout by which an instance has to have proved itself, so that it can say why it did not."""
_OF_BALANCED = (
    ("port", "nothing connects to a worker"),
    ("health.path", "nothing asks a worker by HTTP; set health.command instead"),
    ("health.codes", "nothing asks a worker by HTTP; set health.command instead"),
    ("scaling.requestsPerTarget", "a worker gets no requests; set scaling.cpu instead"),
    ("alarms.errorRate", "a worker gets no requests; alarms.metric watches a metric of your own"),
    ("alarms.unhealthyHosts", "no balancer judges a worker; set health.command and alarms.restarts instead"),
    ("alarms.latency", "a worker gets no requests; alarms.metric watches a metric of your own"),
)
_OF_WORKERS = (
    ("health.command", "the balancer judges the fleet, by health.path"),
    ("alarms.restarts", "the balancer judges the fleet, by alarms.errorRate and unhealthyHosts"),
)


def problems(settings: Settings, sound: Callable[..., bool]) -> Iterator[tuple[str, str]]:
    """Yield the path of each wrong setting, and what is wrong there."""
    for name, fleet in settings.fleets.items():
        if not sound(f"fleets.{name}.routes"):
            continue
        unfit, unless = (_OF_WORKERS, "without") if fleet.balanced else (_OF_BALANCED, "with")
        for path, why in unfit:
            if _is_set(fleet, path):
                yield f"fleets.{name}.{path}", f"has no effect {unless} routes: none: {why}; remove it"
        if not fleet.balanced and sound(f"fleets.{name}.health", f"fleets.{name}.bootTimeout"):
            yield from _time_to_boot(name, fleet)
    if settings.fleets and not settings.balanced and all(sound(f"fleets.{name}.routes") for name in settings.fleets):
        yield (
            "fleets",
            "need one at least that requests reach: a stack has a balancer, whose default would lead nowhere; remove "
            "routes: none from one, or declare the workers in the stack that they work for",
        )


def _time_to_boot(name: str, fleet: FleetSettings) -> Iterator[tuple[str, str]]:
    """Yield that a worker can't prove itself in time: it has to stay up for several checks."""
    health = fleet.health
    needed = health.healthy_threshold * (health.interval + (health.timeout if health.command else 0)) + READY_WITHIN
    if needed >= fleet.boot_timeout:
        yield (
            f"fleets.{name}.bootTimeout",
            f"must be more than {needed} seconds, for a worker has to stay up for health.healthyThreshold "
            f"({health.healthy_threshold}) checks, health.interval ({health.interval} s) apart; is "
            f"{fleet.boot_timeout}",
        )


def _is_set(fleet: FleetSettings, path: str) -> bool:
    """Return whether the stack file has the setting, with whatever value."""
    section, _, key = path.rpartition(".")
    holder = getattr(fleet, section) if section else fleet
    names = {str(field.alias): name for name, field in type(holder).model_fields.items()}
    return names[key] in holder.model_fields_set
