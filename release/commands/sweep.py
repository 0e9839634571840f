"""`sweep`: remove the review stacks whose time is over, or one of them now."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from release import clock, expiry, names
from release.clients import explained
from release.commands.output import as_json, table, tell
from release.errors import EngineError, ReleaseError
from release.review import decide, tagged
from release.review import sweep as sweeps
from release.review.backend import Backend
from release.review.decide import Kept, Verdict
from release.review.sweep import Swept

HELP = "remove the review stacks (pr-NUMBER) whose time is over; with --stack, that one now"
PARALLEL = 4


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    command.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    command.add_argument(
        "--parallel", type=_few, default=PARALLEL, metavar="N", help=f"stacks at a time (default: {PARALLEL})"
    )


def run(arguments: argparse.Namespace) -> int:
    """Sweep; 1 if something that should be gone is not. Raises ReleaseError.

    PULUMI_STACK does not count here: what a shell happens to be set to must not decide what is removed.
    """
    only = str(arguments.stack).rpartition("/")[2] if arguments.stack else None
    if only is not None and not names.is_review(only):
        raise ReleaseError(
            f"--stack: {only[:100]!r} is no review stack, which is named pr-NUMBER; `pulumi destroy` removes others"
        )
    stop = threading.Event()
    with tempfile.TemporaryDirectory(prefix="slipway-sweep-") as folder:
        backend = Backend.of(Path.cwd(), Path(folder), os.environ, stop)
        with explained("ask AWS for the time", "AWS STS", ReleaseError):
            now = clock.now(arguments.region)
        verdicts = _look(backend, arguments.region, now, only)
        if arguments.dry_run:
            swept = sweeps.planned(verdicts)
        else:
            swept = sweeps.sweep(
                verdicts,
                backend,
                lambda verdict: _again(verdict, backend, arguments.region, now, only),
                parallel=arguments.parallel,
                stop=stop,
                show=tell,
            )
    _show(swept, now, arguments.region, as_document=arguments.json)
    return int(any(each.is_bad or (only is not None and each.outcome == "kept") for each in swept))


def _look(backend: Backend, region: str | None, now: datetime, only: str | None) -> list[Verdict]:
    """Return what becomes of each review stack. The state is read only of those that AWS has nothing of here."""
    aws = _tagged(region, only)
    counts = {name: count for name, count in backend.stacks().items() if names.is_review(name)}
    kept = {
        name: _kept(backend, name, count) if name not in aws else Kept(resources=count, expires=frozenset())
        for name, count in counts.items()
        if only in (None, name)
    }
    return decide.verdicts(kept, aws, now, only=only)


def _kept(backend: Backend, stack: str, resources: int) -> Kept:
    """Return what the backend has of a stack: that one state can't be read keeps no other stack from being swept."""
    try:
        return backend.kept(stack) if resources else Kept(resources=0, expires=frozenset())
    except EngineError as error:
        return Kept(resources=resources, expires=frozenset(), trouble=str(error))


def _again(verdict: Verdict, backend: Backend, region: str | None, now: datetime, only: str | None) -> Verdict:
    """Decide once more, by what the state and AWS say just now."""
    stack = verdict.stack
    kept = {stack: backend.kept(stack)}
    return decide.verdicts(kept, _tagged(region, stack), now, only=only)[0]


def _tagged(region: str | None, stack: str | None) -> Mapping[str, decide.Tagged]:
    with explained("look for review stacks", f"region {region or 'of the environment'}", ReleaseError):
        return tagged.look(region, stack)


def _show(swept: list[Swept], now: datetime, region: str | None, *, as_document: bool) -> None:
    if as_document:
        as_json({"at": expiry.write(now), "stacks": [_document(each) for each in swept]})
        return
    rows = [
        (
            each.verdict.stack,
            _written(each.verdict.expires) or "-",
            str(each.verdict.resources),
            each.outcome,
            each.why,
        )
        for each in swept
    ]
    table(("STACK", "EXPIRES", "RESOURCES", "OUTCOME", "WHY"), rows)
    for each in swept:
        if each.outcome == "listed" and each.verdict.arns:
            where = f" --region {region}" if region else ""
            tell(f"{each.verdict.stack}: in AWS, and in no state of this backend; nothing of it was touched:")
            for arn in each.verdict.arns:
                tell(f"  {arn}")
            tell(
                f"  if no other backend has it: `aws resourcegroupstaggingapi get-resources{where} "
                f"--tag-filters Key={names.STACK_TAG},Values={each.verdict.stack}`, and remove it by hand"
            )


def _document(each: Swept) -> Mapping[str, object]:
    verdict = each.verdict
    return {
        "stack": verdict.stack,
        "expires": _written(verdict.expires),
        "resources": verdict.resources,
        "outcome": each.outcome,
        "why": each.why,
        "arns": list(verdict.arns) if each.outcome == "listed" else [],
    }


def _written(moment: datetime | None) -> str | None:
    return expiry.write(moment) if moment else None


def _few(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 16:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number from 1 to 16")
    return int(text)
