"""`freeze`: nobody deploys to the stack until a moment, or until it is thawed."""

from __future__ import annotations

import argparse
import os

from release import clock, moments
from release.clients import client
from release.commands.fleets import refuse_unknown
from release.commands.options import bucket_name, stack_name
from release.commands.output import as_json, tell
from release.errors import ReleaseError
from release.notify import stored
from release.notify.fact import FROZEN, Fact
from release.store.actor import actor
from release.store.freezes import Freeze, Freezes
from release.text import one_line

HELP = "stop deploys to a stack, with a reason and an end; a rollback works all the same"
_LONGEST = 500
"""Characters of a reason."""


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--reason", required=True, type=reason, help="what whoever wants to deploy is told")
    command.add_argument(
        "--until", metavar="TIME", help=f"when it ends by itself: {moments.WORDS}; default: when it is thawed"
    )


def run(arguments: argparse.Namespace) -> None:
    """Freeze the stack. Raises ReleaseError if somebody else has frozen it, or if it is not known."""
    stack, bucket = stack_name(arguments), bucket_name(arguments)
    now = clock.now(arguments.region)
    try:
        until = moments.moment(arguments.until, now) if arguments.until else None
    except ValueError as error:
        raise ReleaseError(f"--until: {error}") from None
    freezes = Freezes(bucket, client("s3", arguments.region))
    refuse_unknown(arguments, stack, bucket)
    there, by = freezes.last(stack), actor(os.environ)
    if there and not there.is_over(now) and there.by != by:
        raise ReleaseError(
            f"{stack} is {there}. To freeze it in another way, run `python -m release thaw` first, or ask {there.by}"
        )
    made = freezes.freeze(stack, arguments.reason, until)
    show(arguments, stack, made)
    fact = Fact(what=FROZEN, stack=stack, by=made.by, region=arguments.region or "", reason=made.reason, until=until)
    for warning in stored.spread(stack, arguments.region, fact):
        tell(f"warning: {warning}")


def show(arguments: argparse.Namespace, stack: str, freeze: Freeze) -> None:
    """Print the freeze."""
    if arguments.json:
        as_json({"stack": stack, "frozen": document(freeze)})
        return
    print(f"{stack} is {freeze}")
    print("`pulumi up` refuses to deploy; `SLIPWAY_SUPERSEDE=1 pulumi up` insists; rollback, activate and drill work")


def document(freeze: Freeze) -> dict[str, object]:
    """Return a freeze as JSON has it."""
    return {
        "by": freeze.by,
        "caller": freeze.caller,
        "since": freeze.since.isoformat(),
        "until": freeze.until.isoformat() if freeze.until else None,
        "reason": freeze.reason,
    }


def reason(text: str) -> str:
    """Read why somebody does it, for argparse."""
    said = one_line(text)
    if not said or len(said) > _LONGEST:
        raise argparse.ArgumentTypeError(f"must say why, in at most {_LONGEST} characters")
    return said
