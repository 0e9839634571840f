"""`drill`: bring up a stack's recovery apart from all that is live, measure it, remove it, and write the report."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from release.clients import client
from release.commands import drill_check, drill_plan
from release.commands.options import bucket_name, stack_name
from release.commands.output import as_json, table, tell
from release.drill import archive, conclude, markdown, place
from release.drill.archive import Archive
from release.drill.course import Course
from release.drill.report import ENDED, PASSED, Report, to_json
from release.errors import ReleaseError
from release.store.ledger import now

HELP = "bring up the recovery of a stack apart from all that is live, measure it, remove it"
TIMEOUT = 5400


def add(command: argparse.ArgumentParser) -> None:
    """Declare the options."""
    kinds = command.add_mutually_exclusive_group()
    kinds.add_argument("--history", action="store_true", help="list the drills that there were, newest first")
    kinds.add_argument(
        "--check", action="store_true", help="only look whether a recovery would find what it needs; makes nothing"
    )
    command.add_argument("--limit", type=int, default=20, help="how many --history lists")
    command.add_argument(
        "--since", type=_moment, metavar="TIME", help="when the fault was, such as 2026-01-31T03:00:00Z (default: now)"
    )
    command.add_argument("--out", type=Path, metavar="FOLDER", help="write the report there too")
    command.add_argument(
        "--timeout", type=_seconds, default=TIMEOUT, metavar="SECONDS", help=f"to bring it up (default: {TIMEOUT})"
    )
    command.add_argument(
        "--lift", metavar="COMMAND", help="ends a cut-off that was made beforehand; run before the regions are compared"
    )
    command.add_argument(
        "--contacted",
        metavar="COMMAND",
        help='tells the calls to AWS by region as JSON ({"eu-west-1": 0}); run before --lift',
    )


def run(arguments: argparse.Namespace) -> int:
    """Run one of the kinds of drill; the exit status. Raises ReleaseError."""
    if arguments.history:
        return _history(arguments)
    if arguments.check:
        return drill_check.check(arguments, stack_name(arguments))
    return _drill(arguments)


def _drill(arguments: argparse.Namespace) -> int:
    """Return 0 if the objectives were met and nothing was found, 1 for findings, 130 or 143 if it was ended by hand."""
    stack = stack_name(arguments)
    plan = drill_plan.plan(arguments, stack, Path.cwd(), os.environ)
    reports = Archive(plan.bucket, client("s3", plan.region))
    before = next(iter(reports.newest(stack, 1)), None)
    tell(
        f"drilling {stack} in {plan.region} as {plan.isolated.name}: nothing that is live is touched; "
        "Ctrl-C removes what was made and writes the report"
    )
    with place.alone(place.path(plan.isolated.name, plan.region)) as held:
        course = Course(plan, held, tell, before)
        course.run()
        report = conclude.report(plan, course.seen, now(), before)
        _keep(report, reports, arguments.out)
    sys.stdout.write(to_json(report) if arguments.json else _summary(report))
    if report.outcome == ENDED:
        return _status(course.ended_by)
    return 0 if report.outcome == PASSED else 1


def _keep(report: Report, reports: Archive, out: Path | None) -> None:
    """Put the report into the store; if that fails, write it here, so that it is not lost. Raises ReleaseError."""
    if out:
        tell(f"the report is in {archive.save(report, out)}")
    try:
        tell(f"the report is in {reports.put(report)}")
    except ReleaseError:
        if not out:
            tell(f"the report could not be stored; it is in {archive.save(report, Path('drills'))}")
        raise


def _status(ended_by: BaseException | None) -> int:
    if isinstance(ended_by, SystemExit) and isinstance(ended_by.code, int):
        return ended_by.code
    return 130


def _summary(report: Report) -> str:
    """Return what to print: the measures, the findings, the verdict."""
    lines = [
        f"{measure.name}: {markdown.duration(measure.measured)}"
        + ("" if measure.objective is None else f" (objective {markdown.duration(measure.objective)})")
        for measure in report.measures
    ]
    for finding in report.findings:
        lines += [f"finding: {finding.text}", f"         {finding.fix}"]
    return "\n".join([*lines, markdown.verdict(report)]) + "\n"


def _history(arguments: argparse.Namespace) -> int:
    stack = stack_name(arguments)
    bucket, region = drill_plan.store(arguments, stack, Path.cwd(), os.environ) or (
        bucket_name(arguments),
        arguments.region,
    )
    found = Archive(bucket, client("s3", region)).newest(stack, arguments.limit)
    if arguments.json:
        as_json([_document(report) for report in found])
        return 0
    rows = [
        (
            f"{report.began:%Y-%m-%d %H:%M}",
            report.outcome,
            *(_measured(report, name) for name in ("RTO", "RPO")),
            report.served.sha[:12] or "-",
            str(len(report.findings)),
            report.by,
            f"{report.next_due:%Y-%m-%d}",
        )
        for report in found
    ]
    table(("BEGAN (UTC)", "OUTCOME", "RTO", "RPO", "SHA", "FINDINGS", "BY", "NEXT DUE"), rows)
    return 0


def _measured(report: Report, name: str) -> str:
    measure = next(measure for measure in report.measures if measure.name == name)
    objective = "" if measure.objective is None else f" of {markdown.duration(measure.objective)}"
    return markdown.duration(measure.measured) + objective


def _document(report: Report) -> object:
    return json.loads(to_json(report))


def _moment(text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a time such as 2026-01-31T03:00:00Z") from None
    moment = given if given.tzinfo else given.replace(tzinfo=timezone.utc)
    if moment > datetime.now(timezone.utc):
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is in the future")
    return moment.astimezone(timezone.utc)


def _seconds(text: str) -> float:
    if not text.isdecimal() or not 1 <= int(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a number of seconds from 1 to 86400")
    return float(text)
