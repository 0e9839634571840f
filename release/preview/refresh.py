"""Has the engine compare a stack's state with AWS, and tells drift from what Slipway did itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from release import names
from release.clients import FAILURES, client, described
from release.engine import Engine
from release.errors import ReleaseError
from release.preview import beside
from release.preview.drift import Drift, asks, drift
from release.preview.steps import Step, parse, stack_of
from release.preview.touched import group_tags
from release.store.event import Event
from release.store.ledger import Ledger
from release.text import one_line

DEADLINE = 900.0
"""Seconds for a refresh: it reads each resource."""
_HISTORY = 20
_VPC = "aws:ec2/vpc:Vpc"


def look(
    engine: Engine, region: str | None = None, *, show: Callable[[str], None] = lambda _: None
) -> tuple[str, Drift]:
    """Return the stack's name, and what is different in AWS; nothing is changed, the state neither.

    Without a `region`, it is that of the stack's network. Raises EngineError if the engine fails, as where AWS may not
    be asked. What is asked beside it fails nothing.
    """
    steps = refreshed(engine, show)
    stack = stack_of(steps[0].urn) if steps else engine.stack.rpartition("/")[2]
    region = region or next(
        (str(step.old["region"]) for step in steps if step.type == _VPC and "region" in step.old), None
    )
    unknown: list[str] = []
    with ThreadPoolExecutor() as threads:
        added = threads.submit(lambda: beside.look(steps, region, unknown))
        found = drift(steps, _events(steps, stack, region, unknown))
        drifted = (*found.drifted, *added.result())
    return stack, replace(found, drifted=drifted, unknown=tuple(dict.fromkeys(unknown)))


def refreshed(engine: Engine, show: Callable[[str], None]) -> tuple[Step, ...]:
    """Return a refresh's steps, those of what is unchanged too. Raises EngineError."""
    stack = ("--stack", engine.stack) if engine.stack else ()
    return parse(engine.json("refresh", "--preview-only", *stack, deadline=DEADLINE, show=show))


def _events(steps: Sequence[Step], stack: str, region: str | None, unknown: list[str]) -> dict[str, Sequence[Event]]:
    """Return the ledger's events of the fleets whose launch template differs, by their groups' URNs."""
    found: dict[str, Sequence[Event]] = {}
    for step in asks(steps):
        tags = group_tags(step.old)
        bucket, fleet = tags.get(names.STORE_TAG), tags.get(names.FLEET_TAG)
        try:
            if bucket and fleet:
                found[step.urn] = Ledger(bucket, client("s3", region, beside.CONFIG)).history(stack, fleet, _HISTORY)
        except (ReleaseError, *FAILURES) as error:
            unknown.append(f"who changed fleet {fleet}: {one_line(described(error), 500)}")
    return found
