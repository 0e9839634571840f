"""`exec`: run a command on one instance of a fleet, as the app's user with its environment."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import uuid

from release.clients import client
from release.commands import fleets
from release.commands.options import stack_name
from release.commands.output import tell
from release.console.errand import Errand, allowed
from release.console.request import LIMIT, Request
from release.console.seats import Seat, Seats, chosen
from release.console.transcript import Said
from release.errors import ConsoleError
from release.rollout.observe import Fleets
from release.rollout.observed import DeployedFleet
from release.store.notes import Notes, note
from release.text import clean

HELP = "run a command on an instance, as the app's user with its environment"
LONGEST = 86_400


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--fleet", help="default: the stack's only fleet")
    command.add_argument("--instance", metavar="ID", help="default: the newest that is in service")
    command.add_argument("--timeout", type=_seconds, default=3600, metavar="S", help="seconds it may take (3600)")
    command.add_argument("command", nargs="+", metavar="-- COMMAND", help="the command and its arguments, as they are")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit status. Raises ReleaseError."""
    stack = stack_name(arguments)
    with allowed(f"stack {stack}"):
        there = fleets.found(arguments, stack, Fleets(arguments.region))
        seats = Seats(arguments.region)
        seat = chosen(seats, there, arguments.fleet, arguments.instance)
    fleet = next(each for each in there if each.name == seat.fleet)
    stream = f"exec/{uuid.uuid4()}"
    request = Request(argv=tuple(arguments.command), seconds=arguments.timeout, group=fleet.log_group, stream=stream)
    if len(request.encoded) > LIMIT:
        raise ConsoleError(
            f"the command is too long ({len(request.encoded)} characters): put it in a file of the release"
        )
    errand = Errand(arguments.region, seat, request, seats)
    _record(arguments, fleet, seat)
    try:
        errand.send()
        tell(f"{seat.fleet}: {seat.id}, release {seat.sha[:12]}")
        end = errand.follow(_show)
    except (KeyboardInterrupt, SystemExit):
        tell(f"interrupted: {errand.cancel()}")
        raise
    if end.late:
        tell(f"error: the command was not done within {arguments.timeout} s (--timeout), and was ended")
    if end.lost or not errand.complete:
        tell(f"warning: not all that the command said is here: {end.lost or 'the log group was slow'}")
    return end.status


def _record(arguments: argparse.Namespace, fleet: DeployedFleet, seat: Seat) -> None:
    """Keep who runs what where, before it runs. Raises StoreError."""
    used = note(
        seat.stack, "exec", fleet=seat.fleet, instance=seat.id, sha=seat.sha, command=shlex.join(arguments.command)
    )
    Notes(fleet.store, "uses", client("s3", arguments.region)).add(used)


def _show(said: Said) -> None:
    stream = sys.stderr if said.to == "err" else sys.stdout
    # A file gets what was said; what would steer a terminal does not get to one.
    stream.write(clean(said.text, len(said.text) + 1) if stream.isatty() else said.text)
    stream.flush()


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or int(text) > LONGEST:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number of seconds from 1 to {LONGEST}")
    return int(text)
