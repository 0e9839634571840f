"""`status` and `rollback`: what the fleets of a stack serve, and the way back."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from release.clients import client
from release.commands.common import Declare, as_json, stack_name, table, tell
from release.commands.releases import published
from release.errors import ReleaseError
from release.rollout import decide
from release.rollout.fleets import Fleets, Found
from release.rollout.rollback import Rollback
from release.rollout.templates import Templates
from release.rollout.traffic import Traffic
from release.rollout.watch import served
from release.store.ledger import Ledger
from release.store.releases import Store


def add(declare: Declare, common: argparse.ArgumentParser) -> None:
    """Declare them."""
    command = declare("status", parents=[common], help="what each fleet serves, as its instances say")
    command.set_defaults(run=_status)
    command = declare("rollback", parents=[common], help="back to the last good release, with nothing but AWS")
    command.add_argument("--to", metavar="REF", help="a published SHA, seven or more digits of it, or a tag")
    command.add_argument("--fleet", action="append", help="only this fleet (may be given several times)")
    command.set_defaults(run=_rollback)


def _found(arguments: argparse.Namespace, fleets: Fleets) -> list[Found]:
    stack = stack_name(arguments)
    found = fleets.of_stack(stack)
    if not found:
        raise ReleaseError(f"region {arguments.region or 'of the environment'} has no fleet of stack {stack}")
    return found


def _status(arguments: argparse.Namespace) -> None:
    fleets, templates = Fleets(arguments.region), Templates(arguments.region)
    shown = [_state(arguments, fleets, templates, found) for found in _found(arguments, fleets)]
    if arguments.json:
        as_json(shown)
        return
    rows = [[str(fleet[key] or "-") for key in ("fleet", "serves", "configured", "refresh", "last")] for fleet in shown]
    table(("FLEET", "SERVES", "CONFIGURED", "REFRESH", "LAST IN THE LEDGER"), rows)


def _state(arguments: argparse.Namespace, fleets: Fleets, templates: Templates, found: Found) -> dict[str, object]:
    group = found.group
    serving = served(fleets, group, found.log_group)
    active = decide.in_status(fleets.refreshes(group.name), decide.ACTIVE)
    events = Ledger(found.store, client("s3", arguments.region)).history(stack_name(arguments), found.name, 1)
    last = events[0] if events else None
    return {
        "fleet": found.name,
        "serves": asdict(serving) if arguments.json else serving,
        "configured": templates.release_of(group.template) if group.template else None,
        "refresh": f"{active.id} {active.status} {active.percentage}%" if active else None,
        "last": f"{last.action} of {last.sha} {last.outcome}, {last.when:%Y-%m-%d %H:%M} by {last.by}"
        if last
        else None,
    }


def _rollback(arguments: argparse.Namespace) -> None:
    fleets = Fleets(arguments.region)
    chosen = _chosen(_found(arguments, fleets), arguments.fleet)
    s3 = client("s3", arguments.region)
    made = Rollback(
        stack=stack_name(arguments),
        fleets=fleets,
        templates=Templates(arguments.region),
        traffic=Traffic(arguments.region),
        store=Store(chosen[0].store, s3),
        ledger=Ledger(chosen[0].store, s3),
        tell=tell,
    )
    target = published(made.store, arguments.to) if arguments.to else made.target(chosen)
    ways = [made.way(fleet, target) for fleet in chosen]
    try:
        served = asyncio.run(made.run(ways))
    except KeyboardInterrupt:
        raise ReleaseError("left; what was started goes on in AWS: `python -m release status` shows it") from None
    if arguments.json:
        as_json({name: asdict(serving) for name, serving in served.items()})
        return
    for way in ways:
        print(f"{way.fleet.name}: {served[way.fleet.name]}")
    print(f"so that the next `pulumi up` agrees: pulumi config set --path slipway:release.sha {target.sha}")


def _chosen(found: Sequence[Found], names: Sequence[str] | None) -> list[Found]:
    missing = sorted(set(names or ()) - {fleet.name for fleet in found})
    if missing:
        known = ", ".join(fleet.name for fleet in found)
        raise ReleaseError(f"there is no fleet {', '.join(missing)}; the stack has {known}")
    return [fleet for fleet in found if not names or fleet.name in names]
