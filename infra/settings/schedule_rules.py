"""Checks what happens at certain times against the fleets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from infra.settings.problems import covers
from infra.settings.schedule import JobSettings, SizeAtSettings
from release import names

if TYPE_CHECKING:
    from infra.settings.fleet import FleetSettings

Problems = Iterator[tuple[str, str]]
_MOST = 125
"""Scheduled actions that a group may have (EC2 Auto Scaling user guide, "Quotas")."""


def jobs(schedule: Mapping[str, JobSettings], fleets: Collection[str]) -> Problems:
    """Yield what is wrong with scheduled work."""
    for name, job in schedule.items():
        if job.fleet not in fleets:
            known = ", ".join(sorted(fleets))
            yield f"schedule.{name}.fleet", f"must be one of the stack's fleets ({known}), is {job.fleet}"
        if (taken := names.job_fleet(name)) in fleets:
            yield f"schedule.{name}", f"needs the name of the group of fleet {taken}; give one of them another name"


def plain(schedule: Mapping[str, JobSettings], encrypted: Collection[str]) -> Problems:
    """Yield the commands that are encrypted: instances are told them in the open."""
    for name, job in schedule.items():
        if covers(encrypted, f"schedule.{name}.command"):
            yield (
                f"schedule.{name}.command",
                "is encrypted, but instances are told their command in the open (user data); pass what is secret in it "
                f"as a variable of fleets.{job.fleet}.secrets",
            )


def sizes(fleet: FleetSettings) -> Problems:
    """Yield what is wrong with the scheduled sizes of a fleet; the paths are below the fleet's."""
    schedule, size = fleet.scaling.schedule, fleet.size
    if len(schedule) > _MOST:
        yield "scaling.schedule", f"has {len(schedule)} entries; a group takes {_MOST} scheduled actions"
    times: dict[tuple[str, str], str] = {}
    for name, entry in schedule.items():
        path = f"scaling.schedule.{name}"
        other = times.setdefault((entry.cron, entry.timezone), name)
        if other != name:
            yield path, f"comes at the same time as scaling.schedule.{other}, and AWS may do either last; join them"
        yield from _one(path, entry, size.min, size.max)


def _one(path: str, entry: SizeAtSettings, low: int, high: int) -> Problems:
    given = {key: value for key in ("min", "max", "desired") if (value := getattr(entry, key)) is not None}
    if not given:
        yield path, "needs one of min, max or desired: nothing would change"
    for key, value in given.items():
        if value > high:
            yield (
                f"{path}.{key}",
                f"must be at most size.max ({high}), by which quotas and the rollout's times are counted, "
                f"is {value}; raise size.max",
            )
    least, most, wanted = entry.min, entry.max, entry.desired
    if least is not None and most is not None and least > most:
        yield f"{path}.max", f"must be at least min ({least}), is {most}"
    if least is None and most is not None and most < low:
        yield f"{path}.min", f"missing; max ({most}) is less than size.min ({low}), and AWS would refuse it then"
    if wanted is None:
        return
    if wanted < (low if least is None else least):
        yield f"{path}.desired", f"must be at least {'size.min' if least is None else 'min'}, is {wanted}; set min too"
    if most is not None and wanted > most:
        yield f"{path}.desired", f"must be at most max ({most}), is {wanted}"
