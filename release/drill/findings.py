"""What a drill found: objectives missed, digests that differ, checks that failed, and what of it is not new. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from release.drill.report import REFUSED, Earlier, Finding, Measure, Report, Step

_NEVER = "it could not be measured: "


def found(report: Report, *, complete: bool = True) -> tuple[Finding, ...]:
    """Return the findings of a report, as if all were new; a drill that was ended by hand has measured nothing."""
    measured = (_objectives,) if complete else ()
    parts = (_steps, *measured, _digests, _instances, _alarms, _checks, _contacts, _holes, _left_over)
    return tuple(finding for part in parts for finding in part(report, report.fault_at))


def dated(findings: Iterable[Finding], before: Report | None) -> tuple[Finding, ...]:
    """Return the findings with the time at which each was first found: the last drill's, if that had it too."""
    known = {finding.id: finding.since for finding in before.findings} if before else {}
    if before:
        known |= {each.id: each.since for each in before.earlier if each.state != "closed"}
    return tuple(replace(finding, since=known.get(finding.id, finding.since)) for finding in findings)


def earlier(findings: Sequence[Finding], before: Report | None, *, complete: bool) -> tuple[Earlier, ...]:
    """Return what has become of the last drill's findings, and of those that were open then.

    A drill that ended early did not test again what it didn't find again.
    """
    if before is None:
        return ()
    now = {finding.id for finding in findings}
    open_then = {finding.id: (finding.text, finding.since) for finding in before.findings}
    for each in before.earlier:
        if each.state == "not tested again":
            open_then.setdefault(each.id, (each.text, each.since))
    gone = "closed" if complete else "not tested again"
    return tuple(
        Earlier(id=key, text=text, since=since, state="still open" if key in now else gone)
        for key, (text, since) in open_then.items()
    )


def _steps(report: Report, at: datetime) -> Iterator[Finding]:
    for step in report.steps:
        if step.outcome == "failed":
            yield Finding(id=f"step.{step.name}", text=f"{step.name}: {_failed(step)}", fix=_fix(step), since=at)


def _failed(step: Step) -> str:
    return step.detail or f"it failed after {step.seconds:.0f} s"


def _fix(step: Step) -> str:
    return {
        "bring up": "make `pulumi preview` and `pulumi up` of the stack pass, then drill again",
        "compare": "see that the first region answers whoever drills, then drill again",
        "remove": "run the command below what is left over",
    }.get(step.name, "put it right, then drill again")


def _objectives(report: Report, at: datetime) -> Iterator[Finding]:
    for measure in report.measures:
        key = measure.name.lower()
        if measure.measured is None:
            yield Finding(
                id=f"unknown.{key}",
                text=f"{measure.name} is unknown: {_NEVER}{measure.how}",
                fix="put right what stood in the way, then drill again",
                since=at,
            )
        elif measure.met is False:
            yield _missed(measure, key, at)


def _missed(measure: Measure, key: str, at: datetime) -> Finding:
    fix = (
        "choose a posture that has more standing (recovery.posture: warm), or set recovery.objectives.rto to what is "
        "needed"
        if key == "rto"
        else "see why replication lags (CloudWatch, ReplicationLatency of the bucket) and run `python -m release "
        "replicate`, or set recovery.objectives.rpo to what is needed"
    )
    text = (
        f"{measure.name}: the objective is {measure.objective:.0f} s, measured were {measure.measured:.0f} s "
        f"({measure.how})"
    )
    return Finding(id=f"objective.{key}", text=text, fix=fix, since=at)


def _digests(report: Report, at: datetime) -> Iterator[Finding]:
    served = report.served
    if not served.digest:
        return
    others = (("the ledger's", "ledger", served.ledger_digest), ("the first region's", "first", served.first_digest))
    for whose, key, digest in others:
        if digest and digest != served.digest:
            yield Finding(
                id=f"digest.{key}",
                text=f"release {served.sha} was served with the digest {served.digest}, {whose} is {digest}",
                fix=f"compare the two artifacts (`python -m release show {served.sha[:12]}` in each region): one of "
                "them was changed after it was published",
                since=at,
            )


def _instances(report: Report, at: datetime) -> Iterator[Finding]:
    served = report.served
    if served.sha and (len(served.proofs) < served.wanted or not served.wanted):
        yield Finding(
            id="instances.unproved",
            text=f"{len(served.proofs)} of {served.wanted} instances proved what they run",
            fix="see the boot's own words in the log group of the fleet, and the quotas of the region",
            since=at,
        )
    wrong = sorted({proof.fleet for proof in served.proofs if proof.digest != served.digest})
    for fleet in wrong:
        yield Finding(
            id=f"instances.digest.{fleet}",
            text=f"fleet {fleet}: an instance runs another digest than the release's",
            fix="see what the instance booted: `python -m release status`",
            since=at,
        )


def _alarms(report: Report, at: datetime) -> Iterator[Finding]:
    for alarm in report.alarms:
        if alarm.fired:
            yield Finding(
                id=f"alarm.{alarm.name.rpartition('-')[2]}",
                text=f"alarm {alarm.name} fired within the {report.bake:.0f} s that followed",
                fix="see what the app logged; whatever it needs of the first region it must find in the second one",
                since=at,
            )


def _checks(report: Report, at: datetime) -> Iterator[Finding]:
    for check in report.checks:
        if check.outcome == "failed":
            yield Finding(
                id=f"check.{check.name}",
                text=f"the check {check.name} failed: {check.detail or 'it said nothing'}",
                fix=f"run it by hand: {check.what}",
                since=at,
            )


def _contacts(report: Report, at: datetime) -> Iterator[Finding]:
    for host in report.hosts:
        if host.scope == REFUSED:
            yield Finding(
                id=f"contact.{host.name}",
                text=f"{host.name} was asked for {host.asked} times and refused: in a real outage it may be gone",
                fix="do without it, or have it in place beforehand (a plugin: `pulumi plugin install`)",
                since=at,
            )
    calls = (report.calls or {}).get(report.first_region, 0)
    if report.calls and calls:
        yield Finding(
            id=f"contact.{report.first_region}",
            text=f"{calls} calls went to {report.first_region}, the region that was gone",
            fix="see which part asked it: recovery may need nothing of it",
            since=at,
        )
    if report.git:
        yield Finding(
            id="contact.git",
            text=f"git was started {len(report.git)} times: {report.git[0]}",
            fix="recovery deploys what is in the replica: remove release.sha and release.repository from the stack",
            since=at,
        )


def _holes(report: Report, at: datetime) -> Iterator[Finding]:
    releases = [each for each in report.lost if each.kind == "release"]
    if releases:
        yield Finding(
            id="replica.incomplete",
            text=f"{len(releases)} releases of the first region were not in the replica, the oldest {releases[0].name} "
            f"of {releases[0].at:%Y-%m-%d %H:%M} UTC",
            fix="run `python -m release replicate`",
            since=at,
        )


def _left_over(report: Report, at: datetime) -> Iterator[Finding]:
    for each in report.left_over:
        yield Finding(id="left-over", text="the drill could not remove all that it made", fix=each, since=at)
