"""The report as a page for whoever has to sign it: what was tried, what was measured, what is to be done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from release.drill.report import ENDED, GLOBAL, PASSED, REFUSED, SECOND, Measure, Report
from release.text import one_line

_ESCAPED = str.maketrans({"|": "\\|", "<": "&lt;", ">": "&gt;", "*": "\\*", "_": "\\_", "`": "'", "[": "\\["})


def page(report: Report, digest: str) -> str:
    """Return the page; `digest` is the SHA-256 of the report's JSON."""
    parts = (
        _head(report),
        _measures(report),
        _findings(report),
        _earlier(report),
        _timeline(report),
        _served(report),
        _checks(report),
        _contacts(report),
        _list("What was not tested", report.not_tested),
        _scope(report),
        _details(report, digest),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def duration(seconds: float | None) -> str:
    """Return seconds as people say them: `0.4 s`, `48 s`, `6 min 5 s`, `2 h 10 min`."""
    if seconds is None:
        return "unknown"
    if 0 < seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def moment(at: datetime) -> str:
    """Return a time for people, in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def verdict(report: Report) -> str:
    """Return the outcome in one sentence."""
    count = len(report.findings)
    findings = f"{count} finding{'' if count == 1 else 's'}"
    if report.outcome == PASSED:
        judged = [measure for measure in report.measures if measure.objective is not None]
        return "Passed: " + ("the objectives were met, " if judged else "no objective is set, ") + "nothing was found."
    if report.outcome == ENDED:
        return f"Ended by hand before it was done, with {findings}: it proves nothing."
    return f"Not passed: {findings}."


def _head(report: Report) -> str:
    stack, region = _cell(report.stack), _cell(report.region)
    return "\n\n".join(
        (
            f"# Recovery drill of {stack}, {report.began:%Y-%m-%d}",
            f"**{verdict(report)}**",
            f"{_cell(report.scenario)} The stack {stack} was brought up in {region} under another name "
            f"({_cell(report.drilled)}), apart from everything that is live, checked, measured and removed.",
        )
    )


def _measures(report: Report) -> str:
    rows = [
        (
            _LONG[measure.name],
            "none set" if measure.objective is None else duration(measure.objective),
            duration(measure.measured),
            _met(measure),
            measure.how,
        )
        for measure in report.measures
    ]
    return "## Objectives\n\n" + _table(("", "objective", "measured", "met", "how"), rows)


_LONG = {
    "RTO": "RTO: time without service",
    "RPO": "RPO: age of what would be lost",
}


def _met(measure: Measure) -> str:
    return {True: "yes", False: "**no**", None: "not judged"}[measure.met]


def _findings(report: Report) -> str:
    if not report.findings:
        return "## Findings\n\nNone."
    lines = [
        f"{number}. {_cell(finding.text)}. "
        + (f"Open since {finding.since:%Y-%m-%d}. " if finding.since < report.fault_at else "")
        + f"To do: {_cell(finding.fix)}."
        for number, finding in enumerate(report.findings, 1)
    ]
    return "## Findings\n\n" + "\n".join(lines)


def _earlier(report: Report) -> str:
    if not report.earlier:
        return ""
    rows = [(each.text, f"{each.since:%Y-%m-%d}", each.state) for each in report.earlier]
    return "## Findings of the drill before\n\n" + _table(("finding", "since", "now"), rows)


_STEPS = {
    "clear": "remove what an earlier drill left",
    "look": "look at the replica and at what stands",
    "bring up": "bring up the isolated stack",
    "answer": "wait for the first answer",
    "prove": "ask each instance what it runs",
    "check": "run the checks",
    "bake": "watch the alarms",
    "count": "ask who was called",
    "lift": "end the outage",
    "compare": "compare the two regions",
    "remove": "remove the isolated stack",
}


def _timeline(report: Report) -> str:
    rows = [
        (f"{step.began:%H:%M:%S}", _STEPS.get(step.name, step.name), duration(step.seconds), step.outcome, step.detail)
        for step in report.steps
    ]
    table = _table(("UTC", "step", "took", "outcome", "detail"), rows)
    return f"## Timeline\n\nThe fault: {moment(report.fault_at)}.\n\n![timeline](timeline.svg)\n\n{table}"


def _served(report: Report) -> str:
    served = report.served
    if not served.sha:
        return "## What served\n\nNothing."
    others = [
        f"{whose} {'the same' if digest == served.digest else '**another one**: ' + digest if digest else 'unknown'}"
        for whose, digest in (("the ledger's", served.ledger_digest), ("the first region's", served.first_digest))
    ]
    proved = sum(proof.digest == served.digest for proof in served.proofs)
    rows = [(proof.fleet, proof.instance, proof.digest) for proof in served.proofs]
    alarms = [(alarm.name, "fired" if alarm.fired else alarm.state) for alarm in report.alarms]
    return "\n\n".join(
        part
        for part in (
            f"## What served\n\nRelease {served.sha}, digest {served.digest}; {', '.join(others)}. {proved} of "
            f"{served.wanted} instances computed this digest of what they had fetched before they served.",
            _table(("fleet", "instance", "digest"), rows) if rows else "",
            f"Alarms, watched for {duration(report.bake)}:\n\n" + _table(("alarm", "state"), alarms) if alarms else "",
        )
        if part
    )


def _checks(report: Report) -> str:
    if not report.checks:
        return "## Checks\n\nrecovery.checks names none."
    rows = [
        (check.name, check.what, check.outcome, "" if check.seconds is None else duration(check.seconds), check.detail)
        for check in report.checks
    ]
    return "## Checks\n\n" + _table(("check", "what", "outcome", "took", "said"), rows)


def _contacts(report: Report) -> str:
    parts = ["## Hosts contacted"]
    for scope, title in (
        (SECOND, f"In {report.region}"),
        (GLOBAL, "Global (their control planes are in another region)"),
        (REFUSED, "Refused"),
    ):
        rows = [(host.name, str(host.asked), str(host.failed)) for host in report.hosts if host.scope == scope]
        if rows:
            parts.append(f"{title}:\n\n" + _table(("host", "asked for", "did not answer"), rows))
    if not report.hosts:
        parts.append("The proxy was asked for none.")
    if report.calls is not None:
        rows = [(region, str(count)) for region, count in sorted(report.calls.items())]
        first = report.calls.get(report.first_region, 0) if report.first_region else 0
        where = f"Calls to {report.first_region or 'the first region'}: {first}."
        parts.append(f"Calls to AWS by region, counted where they arrive. {where}")
        parts += [_table(("region", "calls"), rows)] if rows else []
    parts.append(f"git was started {len(report.git)} times.")
    return "\n\n".join(parts)


def _scope(report: Report) -> str:
    return "\n\n".join(
        part
        for part in (
            _list("What was brought up", report.scope),
            f"What stands of the stack itself: {_cell(report.stands)}",
            "Where the isolated stack differs from the stack's settings:\n\n"
            + "\n".join(f"- {_cell(line)}" for line in report.changed)
            if report.changed
            else "",
        )
        if part
    )


def _details(report: Report, digest: str) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report.versions.items()))
    rows = [
        ("drill", report.id),
        ("began, ended", f"{moment(report.began)}, {moment(report.ended)}"),
        ("run by", report.by + (f", as {report.caller}" if report.caller else "")),
        ("stack, region", f"{report.stack} (follows {report.follows}), {report.region}"),
        ("first region", report.first_region or "unknown"),
        ("store", report.bucket),
        ("posture by the settings", report.posture),
        ("versions", versions),
        ("next drill due", f"{report.next_due:%Y-%m-%d}"),
        ("SHA-256 of report.json without its own", digest),
    ]
    left = _list("Left over", report.left_over) if report.left_over else ""
    return "\n\n".join(part for part in (left, "## Details\n\n" + _table(("", ""), rows)) if part)


def _list(title: str, lines: Iterable[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {_cell(line)}" for line in lines)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(headings)} |", f"|{'|'.join(' --- ' for _ in headings)}|"]
    lines += [f"| {' | '.join(_kept(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _kept(cell: str) -> str:
    return cell if cell == "**no**" else _cell(cell)


def _cell(text: str) -> str:
    """Return text of whatever origin as one line of Markdown that shows it and nothing else."""
    return one_line(text, 600).translate(_ESCAPED)
