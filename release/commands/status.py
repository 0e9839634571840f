"""`status`: what each fleet serves, as its instances report it."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from release.clients import client
from release.commands.fleets import found
from release.commands.options import stack_name
from release.commands.output import as_json, table
from release.rollout import decide, observed
from release.rollout.aws import Aws
from release.rollout.observe import served
from release.rollout.observed import DeployedFleet
from release.store.ledger import Ledger

HELP = "what each fleet serves, as its instances report it"


def add(_: argparse.ArgumentParser) -> None:
    """Declare nothing: the common options do."""


def run(arguments: argparse.Namespace) -> None:
    """Print a line a fleet: what serves, what is configured, the refresh under way, the last event."""
    aws, stack = Aws(arguments.region), stack_name(arguments)
    shown = [_state(arguments, stack, aws, fleet) for fleet in found(arguments, stack, aws.fleets)]
    if arguments.json:
        as_json(shown)
        return
    rows = [[str(fleet[key] or "-") for key in ("fleet", "serves", "configured", "refresh", "last")] for fleet in shown]
    table(("FLEET", "SERVES", "CONFIGURED", "REFRESH", "LAST IN THE LEDGER"), rows)


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
