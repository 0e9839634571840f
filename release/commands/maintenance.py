"""`maintenance`: the balancer answers clients with a page, status 503, until it is over."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from release.clients import client
from release.commands.fleets import refuse_unknown
from release.commands.freeze import reason
from release.commands.options import bucket_name, stack_name
from release.commands.output import as_json, tell
from release.errors import ReleaseError
from release.maintenance import page as pages
from release.maintenance.balancer import NONE, Balancer
from release.maintenance.page import Page
from release.maintenance.record import Maintenance, Record, Wanted

HELP = "have the balancer answer with a page, status 503, deploy or not, until it is over"
ON, OFF, STATUS = ACTIONS = ("on", "off", "status")


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("action", choices=ACTIONS)
    command.add_argument("--page", type=Path, help=f"a file of at most {pages.LIMIT} characters (.html, .txt, .json)")
    command.add_argument(
        "--allow", nargs="+", action="extend", default=[], metavar="CIDR", help="who gets the app all the same"
    )
    command.add_argument("--reason", type=reason, help="why, for whoever looks")


def run(arguments: argparse.Namespace) -> None:
    """Turn it on or off, or say what it is. Raises ReleaseError."""
    stack, bucket = stack_name(arguments), bucket_name(arguments)
    balancer, record = Balancer(stack, arguments.region), Record(bucket, client("s3", arguments.region))
    if arguments.action == ON:
        wanted = Wanted(page=_page(arguments.page), allow=_allowed(arguments.allow), reason=arguments.reason)
        refuse_unknown(arguments, stack, bucket)
        _begin(balancer, record, stack, wanted)
    elif arguments.page or arguments.allow:
        raise ReleaseError(f"--page and --allow are for `maintenance {ON}`")
    removed = arguments.action == OFF and _end(balancer, record, stack)
    current = record.current(stack)
    listeners = balancer.listeners()
    if not (listeners or current or removed):
        raise ReleaseError(NONE.format(f"stack {stack}"))
    answers = [listener.answers for listener in listeners]
    _show(arguments, stack, current, stands=bool(answers) and all(answers), removed=removed)


def _begin(balancer: Balancer, record: Record, stack: str, wanted: Wanted) -> None:
    """Put the balancer into maintenance. If that can't be kept, it is taken out again."""
    before = record.current(stack)
    balancer.put(wanted.page, wanted.allow)
    try:
        record.begun(stack, wanted)
    except BaseException:
        if before is None:
            balancer.remove()
        raise


def _end(balancer: Balancer, record: Record, stack: str) -> bool:
    removed = balancer.remove()
    if record.current(stack):
        record.ended(stack)
        return True
    return removed


def _show(
    arguments: argparse.Namespace, stack: str, current: Maintenance | None, *, stands: bool, removed: bool
) -> None:
    if current and not stands:
        tell(
            f"warning: {stack} is {current}, but its balancer has no such rule, and serves: was a listener replaced? "
            "`python -m release maintenance on` puts it back, `off` ends it"
        )
    if arguments.json:
        as_json({"stack": stack, "maintenance": document(current), "answers": stands})
    elif current:
        print(f"{stack} is {current}")
    else:
        print(f"{stack} is {'out of' if removed else 'not in'} maintenance")


def document(current: Maintenance | None) -> dict[str, object] | None:
    """Return a maintenance as JSON has it."""
    if current is None:
        return None
    since = current.since.isoformat()
    return {"by": current.by, "since": since, "allow": list(current.allow), "reason": current.reason}


def _page(path: Path | None) -> Page:
    if path is None:
        return Page()
    try:
        return pages.page(path.name, path.read_bytes())
    except (OSError, ValueError) as error:
        raise ReleaseError(f"--page {path}: {error.strerror if isinstance(error, OSError) else error}") from None


def _allowed(given: Sequence[str]) -> list[str]:
    try:
        return list(dict.fromkeys(pages.block(text) for text in given))
    except ValueError as error:
        raise ReleaseError(f"--allow: {error}") from None
