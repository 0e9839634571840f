"""`exec`: run a command on an instance of a fleet, as the app's user with its environment; with `-it` on a terminal."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import uuid
from collections.abc import Sequence

from release.clients import client
from release.commands import fleets
from release.commands.options import stack_name
from release.commands.output import tell
from release.console import session
from release.console.errand import Errand, allowed
from release.console.request import LIMIT, Request, on_terminal
from release.console.seats import Seat, Seats, chosen
from release.console.transcript import Said
from release.errors import ConsoleError
from release.rollout.observe import Fleets
from release.rollout.observed import DeployedFleet
from release.store.notes import Notes, note
from release.text import clean

HELP = "run a command on an instance, as the app's user with its environment"
LONGEST = 86_400
USUAL = 3600
"""Seconds that a command may take unless told."""


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--fleet", help="default: the stack's only fleet")
    command.add_argument("--instance", metavar="ID", help="default: the newest that is in service")
    command.add_argument("--timeout", type=_seconds, metavar="S", help=f"seconds it may take ({USUAL}); not with -it")
    command.add_argument("-it", dest="terminal", action="store_true", help="on a terminal; without a command, a shell")
    command.add_argument("command", nargs="*", metavar="-- COMMAND", help="the command and its arguments, as they are")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit status, or with -it the plugin's. Raises ReleaseError."""
    if arguments.terminal:
        return _attend(arguments)
    if not arguments.command:
        raise ConsoleError("what is to be run? `exec -- COMMAND`, or `exec -it` for a shell")
    seat, fleet = _place(arguments)
    request = Request(
        argv=tuple(arguments.command),
        seconds=arguments.timeout or USUAL,
        group=fleet.log_group,
        stream=f"exec/{uuid.uuid4()}",
    )
    _refuse_long(request.encoded)
    errand = Errand(arguments.region, seat, request, Seats(arguments.region))
    _record(arguments, fleet, seat, arguments.command)
    try:
        errand.send()
        tell(f"{seat.fleet}: {seat.id}, release {seat.sha[:12]}")
        end = errand.follow(_show)
    except (KeyboardInterrupt, SystemExit):
        tell(f"interrupted: {errand.cancel()}")
        raise
    if end.late:
        tell(f"error: the command was not done within {request.seconds} s (--timeout), and was ended")
    if end.lost or not errand.complete:
        tell(f"warning: not all that the command said is here: {end.lost or 'the log group was slow'}")
    return end.status


def _attend(arguments: argparse.Namespace) -> int:
    if arguments.timeout is not None:
        raise ConsoleError("--timeout is for commands without -it: a session lasts until it is left")
    plugin = session.plugin()
    argv = arguments.command or list(session.SHELL)
    request = on_terminal(argv)
    _refuse_long(request)
    seat, fleet = _place(arguments)
    _record(arguments, fleet, seat, argv, terminal="yes")
    tell(f"{seat.fleet}: {seat.id}, release {seat.sha[:12]}")
    return session.attend(arguments.region, seat, request, plugin, tell)


def _place(arguments: argparse.Namespace) -> tuple[Seat, DeployedFleet]:
    """Return the instance that is meant, and its fleet. Raises ConsoleError."""
    stack = stack_name(arguments)
    with allowed(f"stack {stack}"):
        there = fleets.found(arguments, stack, Fleets(arguments.region))
        seat = chosen(Seats(arguments.region), there, arguments.fleet, arguments.instance)
    return seat, next(each for each in there if each.name == seat.fleet)


def _refuse_long(encoded: str) -> None:
    if len(encoded) > LIMIT:
        raise ConsoleError(f"the command is too long ({len(encoded)} characters): put it in a file of the release")


def _record(arguments: argparse.Namespace, fleet: DeployedFleet, seat: Seat, argv: Sequence[str], **more: str) -> None:
    """Keep who runs what where, before it runs. Raises StoreError."""
    used = note(seat.stack, "exec", fleet=seat.fleet, instance=seat.id, sha=seat.sha, command=shlex.join(argv), **more)
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
