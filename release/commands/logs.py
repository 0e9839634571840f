"""`logs`: what the apps print, of all instances of a stack, as it comes."""

from __future__ import annotations

import argparse
import heapq
import json
import re
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager

from release import names
from release.commands import fleets
from release.commands.options import stack_name
from release.commands.output import tell
from release.errors import ReleaseError
from release.logs.line import Line
from release.logs.read import Following, NoGroupError, Reader, Source, Wanted
from release.logs.since import since
from release.rollout.observe import Fleets

HELP = "what the apps print, of all instances"
OFTEN = 2.0
"""Seconds between two looks of `--follow`."""
_EACH = 0.4
"""Seconds a log group: an account may call FilterLogEvents five times a second in most regions."""


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--fleet", help="default: every fleet of the stack")
    command.add_argument("--instance", help="default: every instance, also those that are gone")
    command.add_argument("--release", metavar="SHA", help="of that release, and what its release phase printed")
    command.add_argument("--since", metavar="TIME", help="30s, 10m, 2h, 1d or a time in UTC; default: 10m, or 10s")
    command.add_argument("--grep", metavar="TEXT", default="", help="only events with this text in them, as it stands")
    command.add_argument("--boot", action="store_true", help="also what the instances report about their boots")
    command.add_argument("--follow", "-f", action="store_true", help="go on until Ctrl-C (the default of --since: 10s)")


def run(arguments: argparse.Namespace) -> None:
    """Print the lines. Raises ReleaseError."""
    now = time.time()
    start = since(arguments.since or ("10s" if arguments.follow else "10m"), now)
    wanted = Wanted(text=arguments.grep, sha=_sha(arguments.release))
    reader, stack = Reader(arguments.region), stack_name(arguments)
    sources = list(_sources(arguments, stack, wanted.sha))
    if arguments.follow:
        _follow(arguments, [Following(reader, source, wanted, start) for source in sources])
        return
    found = (_lines(reader, source, wanted, start, now) for source in sources)
    count = 0
    for line in heapq.merge(*found, key=lambda line: line.at):
        _show(line, arguments.json)
        count += 1
    if not count:
        tell(f"no lines since {arguments.since or '10m'} (--since)")


def _sha(given: str | None) -> str:
    if given and not re.fullmatch(r"[0-9a-f]{7,40}", given):
        raise ReleaseError(f"--release: {given[:100]!r} is not a SHA of 7 to 40 digits (`python -m release list`)")
    return given or ""


def _sources(arguments: argparse.Namespace, stack: str, sha: str) -> Iterator[Source]:
    """Yield the log groups to read, of the fleets that are there."""
    there = [fleet.name for fleet in fleets.found(arguments, stack, Fleets(arguments.region))]
    if arguments.fleet and arguments.fleet not in there:
        raise ReleaseError(f"--fleet: stack {stack} has no fleet {arguments.fleet[:100]!r}; it has {', '.join(there)}")
    instance = arguments.instance or ""
    if instance and not re.fullmatch(r"i-[0-9a-f]{1,17}", instance):
        raise ReleaseError(f"--instance: {instance[:100]!r} is not the id of an instance, such as i-0123456789abcdef0")
    for fleet in [arguments.fleet] if arguments.fleet else there:
        yield Source(
            fleet=fleet,
            group=names.output_group_name(stack, fleet),
            prefix=f"{instance}/" if instance else "",
            optional=bool(arguments.boot or sha),
        )
        journal = names.log_group_name(stack, fleet)
        if arguments.boot:
            yield Source(fleet=fleet, group=journal, prefix=instance or "i-", pattern='{ $.event = "*" }')
        if sha:
            yield Source(fleet=fleet, group=journal, prefix=f"release/{sha[:12]}")


def _lines(reader: Reader, source: Source, wanted: Wanted, start: float, end: float) -> Iterator[Line]:
    with _explained(source):
        for event in reader.events(source, wanted, start, end):
            yield from wanted.of(source.fleet, event)


@contextmanager
def _explained(source: Source) -> Generator[None]:
    """Say of a log group that is not there what makes it be there, unless other groups are read as well."""
    try:
        yield
    except NoGroupError:
        if source.optional:
            return
        raise ReleaseError(
            f"fleet {source.fleet} sends nothing of what its app prints: there is no log group {source.group}; "
            "set slipway:logs.output to true, and run `pulumi up`"
        ) from None


def _follow(arguments: argparse.Namespace, following: Sequence[Following]) -> None:
    while True:
        for each in following:
            with _explained(each.source):
                _show_all(each.look(time.time()), arguments.json)
        time.sleep(max(OFTEN, _EACH * len(following)))


def _show_all(lines: Iterable[Line], as_json: bool) -> None:
    for line in lines:
        _show(line, as_json)
    sys.stdout.flush()


def _show(line: Line, as_json: bool) -> None:
    sys.stdout.write((json.dumps(line.document()) if as_json else str(line)) + "\n")
