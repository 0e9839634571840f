"""`watch`: a stack live on a terminal; in a log, a line for each change."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timezone

from rich.console import Console
from rich.live import Live

from release.commands.options import stack_name
from release.commands.output import progress_ended, table, tell
from release.errors import ReleaseError
from release.text import one_line
from release.watch import changes, keys, rows
from release.watch.feed import Feed
from release.watch.look import Looker
from release.watch.screen import Screen
from release.watch.seen import Seen

HELP = "a stack live: fleets, instances, requests, rollouts, events; q leaves"
INTERVAL = 5.0
_SHORTEST = 1.0


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument(
        "--interval",
        type=_seconds,
        default=INTERVAL,
        metavar="SECONDS",
        help=f"between two looks (default: {INTERVAL:.0f}; longer for many fleets)",
    )
    command.add_argument("--once", action="store_true", help="look once, print it, and leave")


def run(arguments: argparse.Namespace) -> None:
    """Show the stack until q or Ctrl-C; with --json, one document a line for each look. Raises ReleaseError."""
    looker = Looker(stack_name(arguments), arguments.region)
    feed = Feed(look=looker.look, interval=arguments.interval)
    feed.seen = looker.look()  # what fails at once is an error, not something to wait for
    feed.at = feed.clock()
    if not feed.seen.fleets:
        raise ReleaseError(f"region {looker.region} has no fleet of stack {looker.stack}")
    try:
        if arguments.json:
            _documents(feed, once=arguments.once)
        elif arguments.once:
            _print(feed.seen)
        elif sys.stdout.isatty():
            _live(feed)
        else:
            _lines(feed)
    except KeyboardInterrupt:  # the way to leave where there are no keys
        progress_ended()


def _live(feed: Feed) -> None:
    """Redraw the screen until q, Ctrl-C or the end of the terminal; then end the process."""
    with contextlib.suppress(KeyboardInterrupt):
        _redraw(feed)
    # Python waits for the threads of a look under way, and AWS may not answer them; there is nothing left to do.
    sys.stdout.flush()
    os._exit(0)


def _redraw(feed: Feed) -> None:
    assert feed.seen  # noqa: S101 - `run` has looked
    screen = Screen(stack=feed.seen.stack, age=feed.age, seen=feed.seen)
    looking = threading.Thread(target=feed.run, daemon=True)
    live = Live(screen, console=Console(), screen=True, refresh_per_second=4)
    with keys.pressed() as key:
        try:
            live.start()  # in here, because Ctrl-C may come while it draws for the first time
            looking.start()
            while key(0.2) not in ("q", "Q"):
                screen.seen, screen.trouble = feed.seen, feed.trouble
        finally:
            feed.end()
            live.stop()


def _lines(feed: Feed) -> None:
    """Print what there is, and then each change, with the time."""
    assert feed.seen  # noqa: S101 - `run` has looked
    seen, trouble = feed.seen, ""
    _say(changes.first(seen), seen.at)
    while True:
        time.sleep(feed.pause())
        found = feed.once()
        if feed.trouble != trouble:
            _say([feed.trouble or "AWS answers again"], datetime.now(timezone.utc))
            trouble = feed.trouble
        if found:
            _say(changes.between(seen, found), found.at)
            seen = found


def _say(lines: Iterable[str], at: datetime) -> None:
    for line in lines:
        sys.stdout.write(f"{at:%H:%M:%S} {one_line(line)}\n")
    sys.stdout.flush()


def _documents(feed: Feed, *, once: bool) -> None:
    seen = feed.seen
    while True:
        if seen:
            sys.stdout.write(json.dumps(rows.document(seen)) + "\n")
            sys.stdout.flush()
        else:
            tell(feed.trouble)
        if once:
            return
        time.sleep(feed.pause())
        seen = feed.once()


def _print(seen: Seen) -> None:
    for mark in seen.marks:
        print(one_line(mark))
    table(rows.FLEETS, [rows.fleet(fleet) for fleet in seen.fleets])
    print()
    table(rows.MEMBERS, [rows.member(member, fleet.name) for fleet in seen.fleets for member in fleet.members])
    if seen.events:
        print()
        table(rows.EVENTS, [rows.event(event) for event in seen.events])
    for what in seen.unknown:
        tell(f"warning: could not ask for {what}")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not _SHORTEST <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number of seconds from 1 to 3600")
    return seconds
