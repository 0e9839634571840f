"""`drill --check`: whether a recovery would find what it needs. It takes minutes at most, and makes nothing."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from infra.plan import usage
from infra.settings import Settings
from release import names
from release.commands import drill_plan
from release.commands.output import as_json, table, tell
from release.drill import readiness
from release.drill.readiness import Found, Subject
from release.engine import Engine
from release.rollout.observe import Fleets
from release.store.ledger import now

_ANSWER = 60.0
"""Seconds for the state backend."""


def check(arguments: argparse.Namespace, stack: str) -> int:
    """Print what was found; return 0 if nothing is missing, else 1. Raises ReleaseError for settings that are wrong."""
    folder = Path.cwd()
    settings = drill_plan.settings_of(stack, folder, os.environ)
    subject = _subject(arguments, settings)
    wanted = {
        **readiness.probes(subject, now()),
        "quotas": partial(_quotas, settings),
        "quotas of a drill": partial(_quotas_of_a_drill, settings),
        "state backend": partial(_state, subject, folder, os.environ),
    }
    found = readiness.look(wanted)
    missing = list(readiness.missing(found))
    if arguments.json:
        as_json({"stack": stack, "ready": not missing, "checks": [asdict(each) for each in found]})
    else:
        table(("CHECK", "OUTCOME", "DETAIL"), [(each.what, each.outcome, each.detail) for each in found])
        for each in missing:
            tell(f"{each.what}: {each.fix}")
    return 1 if missing else 0


def _subject(arguments: argparse.Namespace, settings: Settings) -> Subject:
    follows, bucket = drill_plan.followed(arguments, settings)
    balancer = settings.load_balancer
    return Subject(
        stack=settings.stack,
        follows=follows,
        region=settings.region,
        bucket=bucket,
        posture=settings.recovery.posture,
        fleets=list(settings.fleets),
        domain=balancer.domain,
        hosted_zone=balancer.hosted_zone,
        certificate=balancer.certificate,
        failover=balancer.failover,
        interval=settings.recovery.interval,
    )


def _quotas(settings: Settings) -> Found:
    """Look whether the quotas suffice for all of the stack, beside what else is there."""
    return _within("quotas", settings, Fleets(settings.region))


def _quotas_of_a_drill(settings: Settings) -> Found:
    """Look whether they suffice for another one of it, too."""
    drilled = replace(settings, stack=names.drill_stack(settings.stack))
    return _within("quotas of a drill", drilled, Fleets(settings.region))


def _within(what: str, settings: Settings, fleets: Fleets) -> Found:
    warnings, not_looked_at = usage.look(settings, fleets.of_stack(settings.stack))
    if not_looked_at:
        return Found(what=what, outcome=readiness.MISSING, detail=not_looked_at, fix="let whoever checks read them")
    if warnings:
        return Found(what=what, outcome=readiness.MISSING, detail="; ".join(warnings), fix="ask for more")
    return Found(what=what, outcome=readiness.OK, detail=f"enough in {settings.region}")


def _state(subject: Subject, folder: Path, environment: Mapping[str, str]) -> Found:
    """Look whether the state backend answers, and knows the stack."""
    what, shown = "state backend", {**environment, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    engine = Engine(project=folder, stack=subject.stack, config=folder, environment=shown)
    ran = engine.ask("stack", "ls", "--json", deadline=_ANSWER)
    if ran.code:
        fix = "see PULUMI_BACKEND_URL: it has to be a bucket of the stack's own region"
        return Found(what=what, outcome=readiness.MISSING, detail=ran.why, fix=fix)
    known = f'"{subject.stack}"' in "\n".join(ran.lines)
    if not known and subject.posture != "cold":
        return Found(
            what=what,
            outcome=readiness.MISSING,
            detail=f"it answers, but knows no stack {subject.stack}, which is to be {subject.posture}",
            fix=f"run `pulumi up --stack {subject.stack}`, or set recovery.posture to cold",
        )
    return Found(what=what, outcome=readiness.OK, detail="it answers" + ("" if known else "; nothing stands (cold)"))
