"""What a drill has seen becomes its report. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from release.drill import findings, measures, untested
from release.drill.plan import Plan
from release.drill.report import (
    ENDED,
    FOUND,
    PASSED,
    REFUSED,
    AlarmState,
    Check,
    Host,
    Lost,
    Measure,
    Report,
    Served,
    Step,
)


@dataclass(kw_only=True)
class Seen:
    """What a drill has seen so far. `lost` is None as long as the regions were not compared, for the reason given."""

    began: datetime
    fault_at: datetime
    steps: list[Step] = field(default_factory=list[Step])
    first_region: str = ""
    standing: str = ""
    """The posture in which the stack itself stands; "" as long as that is not known."""
    stands: str = "unknown"
    answered: datetime | None = None
    served: Served = field(default_factory=Served)
    checks: Sequence[Check] = ()
    alarms: Sequence[AlarmState] = ()
    hosts: Sequence[Host] = ()
    git: Sequence[str] = ()
    calls: Mapping[str, int] | None = None
    lost: Sequence[Lost] | None = None
    not_compared: str = "the two regions were not compared"
    left_over: Sequence[str] = ()
    by_hand: bool = False
    """Whether Ctrl-C or SIGTERM ended it."""


def report(plan: Plan, seen: Seen, ended: datetime, before: Report | None) -> Report:
    """Return the report of a drill, given that of the drill before."""
    bare = _bare(plan, seen, ended)
    found = findings.dated(findings.found(bare, complete=not seen.by_hand), before)
    return replace(
        bare,
        findings=found,
        earlier=findings.earlier(found, before, complete=not seen.by_hand),
        outcome=ENDED if seen.by_hand else FOUND if found else PASSED,
    )


def _bare(plan: Plan, seen: Seen, ended: datetime) -> Report:
    """Return the report without what follows from it."""
    return Report(
        stack=plan.stack,
        follows=plan.follows,
        region=plan.region,
        first_region=seen.first_region,
        bucket=plan.bucket,
        drilled=plan.isolated.name,
        scenario=f"The region {seen.first_region or f'of {plan.follows}'} and every git host are gone.",
        fault_at=seen.fault_at,
        began=seen.began,
        ended=ended,
        outcome=PASSED,
        by=plan.by,
        caller=plan.caller,
        versions=plan.versions,
        posture=plan.posture,
        stands=seen.stands,
        scope=tuple(plan.scope),
        changed=plan.isolated.changed,
        measures=_measures(plan, seen),
        served=seen.served,
        steps=tuple(seen.steps),
        checks=tuple(seen.checks),
        alarms=tuple(seen.alarms),
        bake=plan.bake,
        hosts=tuple(seen.hosts),
        git=tuple(seen.git),
        calls=seen.calls,
        lost=tuple(seen.lost or ())[: measures.KEPT],
        not_tested=_not_tested(plan, seen),
        findings=(),
        earlier=(),
        left_over=tuple(seen.left_over),
        next_due=seen.began + timedelta(days=plan.interval),
    )


def _measures(plan: Plan, seen: Seen) -> tuple[Measure, ...]:
    return (
        measures.rto(seen.fault_at, seen.answered, plan.rto),
        measures.rpo(seen.lost, seen.fault_at, plan.rpo, seen.not_compared),
    )


def _not_tested(plan: Plan, seen: Seen) -> tuple[str, ...]:
    return untested.items(
        untested.Subject(
            domain=plan.domain,
            posture=seen.standing or plan.posture,
            checks=[check.name for check in plan.checks],
            changed=plan.isolated.changed,
            silent_alarms=[alarm.name for alarm in seen.alarms if alarm.state == "INSUFFICIENT_DATA"],
            proxied=any(host.scope != REFUSED for host in seen.hosts),
        )
    )
