"""`status`: what each fleet serves, as its instances report it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import datetime

from release import clock
from release.clients import SHORTLY, client
from release.commands import maintenance
from release.commands.fleets import found
from release.commands.freeze import document
from release.commands.options import bucket_name, stack_name
from release.commands.output import as_json, table
from release.drill.archive import Archive
from release.errors import ReleaseError, StoreError
from release.maintenance.record import Record
from release.rollout import decide, live, observed, regions
from release.rollout.aws import Aws
from release.rollout.jobs import Jobs
from release.rollout.observe import served
from release.rollout.observed import DeployedFleet
from release.store.freezes import Freeze, Freezes
from release.store.ledger import Ledger, now
from release.store.replica import Peer, peer, silent

HELP = "what each fleet serves, as its instances report it, and how scheduled work went last"


LIVE_IN_BOTH = 3
"""The exit status where a stack and one that follows it are both live."""


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument(
        "--all-regions",
        action="store_true",
        help="every stack of the store, in both of its regions; exit status 3 if two that follow each other are live",
    )


def run(arguments: argparse.Namespace) -> int | None:
    """Print a line a fleet: what serves, what is configured, the refresh under way, the last event; then one a job."""
    if arguments.all_regions:
        return _all_regions(arguments)
    aws, stack = Aws(arguments.region), stack_name(arguments)
    there = found(arguments, stack, aws.fleets)
    drilled, freeze = _last_drill(arguments, stack, there[0]), _freeze(arguments, stack, there[0])
    paused = Record(there[0].store, client("s3", arguments.region)).current(stack)
    jobs = Jobs(arguments.region).of_stack(stack)
    shown = [_state(arguments, stack, aws, fleet) for fleet in there]
    if arguments.json:
        at = drilled.isoformat() if drilled else None
        stops = {"frozen": freeze and document(freeze), "maintenance": maintenance.document(paused)}
        work = [(job.fleet, job.document()) for job in jobs]
        as_json(
            [
                {**fleet, "schedule": [each for of, each in work if of == fleet["fleet"]], "last_drill": at, **stops}
                for fleet in shown
            ]
        )
        return None
    rows = [[str(fleet[key] or "-") for key in ("fleet", "serves", "configured", "refresh", "last")] for fleet in shown]
    table(("FLEET", "SERVES", "CONFIGURED", "REFRESH", "LAST IN THE LEDGER"), rows)
    if jobs:
        print()
        table(("SCHEDULED", "FLEET", "LAST RUN"), [(job.name, job.fleet, str(job)) for job in jobs])
    for stop in filter(None, (freeze, paused)):
        print(f"{stack} is {stop}")
    if drilled:
        print(f"last drill of {stack}: {(now() - drilled).days} days ago ({drilled:%Y-%m-%d %H:%M} UTC)")
    return None


def _last_drill(arguments: argparse.Namespace, stack: str, fleet: DeployedFleet) -> datetime | None:
    """Return when the stack was drilled last, or None: one request."""
    times = Archive(fleet.store, client("s3", arguments.region)).times(stack)
    return times[0] if times else None


def _freeze(arguments: argparse.Namespace, stack: str, fleet: DeployedFleet) -> Freeze | None:
    """Return the stack's freeze, unless it is over: one request, and one more if there is one."""
    found = Freezes(fleet.store, client("s3", arguments.region)).last(stack)
    return None if found and found.until and found.is_over(clock.now(arguments.region)) else found


def _all_regions(arguments: argparse.Namespace) -> int:
    """Print the stacks of both regions; return the exit status."""
    s3 = client("s3", arguments.region, SHORTLY)
    try:
        bucket = bucket_name(arguments, SHORTLY)
        here, there = Peer(bucket=bucket, region=str(s3.meta.region_name)), peer(bucket, s3)
    except StoreError as error:
        if not silent(error):
            raise
        raise ReleaseError(
            f"{error}. Where the region {s3.meta.region_name} is dark, ask from the store's other one: --region, with "
            "--stack or --bucket of there"
        ) from None
    found = regions.look([here, there] if there else [here])
    both = regions.pairs(found)
    if arguments.json:
        as_json({"regions": [_region(region) for region in found], "live_in_both": [_names(pair) for pair in both]})
        return LIVE_IN_BOTH if both else 0
    rows = [
        (region.name, stack.name, stack.posture, name, str(serving))
        for region in found
        for stack in region.stacks
        for name, serving in stack.fleets.items()
    ]
    table(("REGION", "STACK", "POSTURE", "FLEET", "SERVES"), rows)
    for region in found:
        if region.why or not region.stacks:
            print(f"region {region.name} {region.why or f'has no stack with the store {region.bucket}'}")
    if there is None:
        print(f"the store {bucket} has no replica in another region (artifacts.replica)")
    for pair in both:
        print(live.told(pair))
    return LIVE_IN_BOTH if both else 0


def _region(region: regions.Region) -> dict[str, object]:
    stacks = [
        {
            "stack": stack.name,
            "posture": stack.posture,
            "follows": stack.follows,
            "live": stack.is_live,
            "fleets": {
                name: {"error": serving} if isinstance(serving, str) else asdict(serving)
                for name, serving in stack.fleets.items()
            },
        }
        for stack in region.stacks
    ]
    facts = {"region": region.name, "bucket": region.bucket, "silent": region.silent, "error": region.why or None}
    return {**facts, "stacks": stacks}


def _names(pair: tuple[live.Live, live.Live]) -> list[dict[str, str]]:
    return [{"stack": each.stack, "region": each.region} for each in pair]


def _state(arguments: argparse.Namespace, stack: str, aws: Aws, fleet: DeployedFleet) -> dict[str, object]:
    group = fleet.group
    serving = served(aws.fleets, group, fleet.log_group)
    active = decide.in_status(aws.fleets.refreshes(group.name), observed.ACTIVE)
    events = Ledger(fleet.store, client("s3", arguments.region)).history(stack, fleet.name, 1)
    last = events[0] if events else None
    return {
        "fleet": fleet.name,
        "serves": asdict(serving) if arguments.json else serving,
        "configured": aws.templates.release_of(group.template) if group.template else None,
        "refresh": f"{active.id} {active.status} {active.percentage}%" if active else None,
        "last": f"{last.action} of {last.sha} {last.outcome}, {last.when:%Y-%m-%d %H:%M} by {last.by}"
        if last
        else None,
    }
