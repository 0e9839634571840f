"""Asks, in minutes and without making anything, whether a recovery would find what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from botocore.exceptions import ClientError

from release import machine_image, names
from release.clients import FAILURES, SHORTLY, client, code, described, explained
from release.drill.archive import Archive
from release.drill.markdown import verdict
from release.errors import ReleaseError
from release.store.followed import Follower
from release.store.ledger import Ledger
from release.store.release_keys import manifest as manifest_key
from release.store.releases import Store
from release.store.replica import Peer, Recovery, Replica, peer

OK, MISSING, UNNEEDED = "ok", "missing", "not needed"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found of one thing that a recovery needs: `outcome` is OK, MISSING or UNNEEDED. `fix` is for MISSING."""

    what: str
    outcome: str
    detail: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The stack that is to recover another one, as its settings have it."""

    stack: str
    follows: str
    region: str
    bucket: str
    posture: str
    fleets: Sequence[str]
    domain: str | None
    hosted_zone: str | None
    certificate: str | None
    failover: str
    interval: int
    """Days after a drill until the next one is due."""


Probe = Callable[[], Found]


def probes(subject: Subject, now: datetime) -> dict[str, Probe]:
    """Return what to look at, by what it is called. Each raises what boto3 raises, or ReleaseError."""
    return {
        "replica": partial(_replica, subject),
        "release": partial(_release, subject),
        "image": partial(_image, subject),
        "certificate": partial(_certificate, subject),
        "roles": partial(_roles, subject),
        "record": partial(_record, subject),
        "last drill": partial(_last_drill, subject, now),
    }


def look(wanted: Mapping[str, Probe]) -> list[Found]:
    """Look at everything side by side; what could not be asked is missing, and says why."""

    def ask(what: str) -> Found:
        try:
            return wanted[what]()
        except (ReleaseError, *FAILURES) as error:
            return _missing(what, described(error), "see that whoever checks may read it, and that the region answers")

    with ThreadPoolExecutor(max_workers=8) as threads:
        return list(threads.map(ask, wanted))


def _replica(subject: Subject) -> Found:
    """Look whether every release of the first region's store is recoverable."""
    first = peer(subject.bucket, client("s3", subject.region))
    if first is None:
        return _missing(
            "replica",
            f"bucket {subject.bucket} is replicated nowhere: it is no replica",
            f"set artifacts.replica of {subject.follows}, and artifacts.bucket of {subject.stack} to its bucket",
        )
    releases = Store(first.bucket, client("s3", first.region, SHORTLY)).list()
    states = Replica(Peer(bucket=subject.bucket, region=subject.region)).states(releases)
    lacking = [found for found in releases if not states[found.sha].recoverable]
    if not lacking:
        return _ok("replica", f"all {len(releases)} releases of {first.region} are recoverable")
    worst = states[lacking[0].sha]
    fix = "run `python -m release replicate`"
    if worst.recovery is Recovery.DIFFERS:
        fix = f"compare the two: `python -m release show {lacking[0].sha[:12]}` in each region"
    return _missing("replica", f"{len(lacking)} of {len(releases)} releases are not recoverable: {worst.why}", fix)


def _release(subject: Subject) -> Found:
    """Look which release a recovery would take."""
    taken = _follower(subject).last()
    passed = f"; {taken.passed[0]}" if taken.passed else ""
    return _ok("release", f"{taken.event.sha}, good in {taken.event.stack} since {taken.event.when:%Y-%m-%d}{passed}")


def _image(subject: Subject) -> Found:
    """Look whether the region has the machine image of the release that a recovery would take."""
    follower = _follower(subject)
    sha = follower.last().event.sha
    manifest = follower.store.manifest(sha)
    if manifest is None:
        return _missing("image", f"{manifest_key(sha)} has just vanished", "run `python -m release replicate`")
    found = machine_image.by_name(manifest.image.name, manifest.image.owner, client("ec2", subject.region))
    return _ok("image", f"{found.name} ({found.id})")


def _certificate(subject: Subject) -> Found:
    """Look whether the region has an issued certificate of the domain."""
    acm, domain = client("acm", subject.region), subject.domain
    if not (domain or subject.certificate):
        return _unneeded("certificate", "the stack serves plain HTTP")
    if subject.posture == "cold" and not subject.certificate:
        return _unneeded("certificate", "a cold stack requests it while it recovers, which needs us-east-1")
    pages = acm.get_paginator("list_certificates").paginate(CertificateStatuses=["ISSUED"])
    with explained("list the certificates", f"region {subject.region}"):
        issued = [each for page in pages for each in page["CertificateSummaryList"]]
    if any(subject.certificate in (None, each["CertificateArn"]) and _covers(each, domain) for each in issued):
        return _ok("certificate", f"issued for {domain or subject.certificate} in {subject.region}")
    return _missing(
        "certificate",
        f"{subject.region} has no issued certificate for {domain or subject.certificate}",
        f"run `pulumi up --stack {subject.stack}`, which requests and proves it",
    )


def _covers(shown: Mapping[str, object], domain: str | None) -> bool:
    return domain is None or shown.get("DomainName") == domain


def _roles(subject: Subject) -> Found:
    """Look whether the fleets' roles are there: making them needs IAM's control plane, which is in us-east-1."""
    if subject.posture == "cold":
        return _unneeded("roles", "a cold stack makes them while it recovers, which needs us-east-1")
    iam = client("iam", subject.region)
    wanted = [names.role_name(subject.stack, fleet, subject.region) for fleet in subject.fleets]
    lacking: list[str] = []
    for name in wanted:
        try:
            iam.get_role(RoleName=name)
        except ClientError as error:
            if code(error) != "NoSuchEntity":
                raise
            lacking.append(name)
    if lacking:
        return _missing("roles", f"there is no {', '.join(lacking)}", f"run `pulumi up --stack {subject.stack}`")
    return _ok("roles", ", ".join(wanted))


def _record(subject: Subject) -> Found:
    """Look whether the record is there that leads clients to this stack when the other one fails."""
    if not (subject.domain and subject.hosted_zone) or subject.failover == "none":
        return _unneeded("record", "loadBalancer.failover is none: clients are led here by other means, or not at all")
    route53 = client("route53", subject.region)
    with explained("list the records", f"zone {subject.hosted_zone}"):
        shown = route53.list_resource_record_sets(
            HostedZoneId=subject.hosted_zone, StartRecordName=subject.domain, StartRecordType="A", MaxItems="20"
        )["ResourceRecordSets"]
    wanted = subject.failover.upper()
    mine = [each for each in shown if each["Name"].rstrip(".") == subject.domain and each.get("Failover") == wanted]
    if mine:
        return _ok("record", f"{subject.domain} leads here when it has to ({wanted.lower()})")
    return _missing(
        "record",
        f"{subject.domain} has no {wanted.lower()} record",
        f"run `pulumi up --stack {subject.stack}`: during an outage no record can be made",
    )


def _last_drill(subject: Subject, now: datetime) -> Found:
    """Look whether the next drill is due."""
    archive = Archive(subject.bucket, client("s3", subject.region))
    times = archive.times(subject.stack)
    fix = f"run `python -m release drill --stack {subject.stack}`"
    if not times:
        return _missing("last drill", "there was none", fix)
    newest = next(iter(archive.newest(subject.stack, 1)), None)
    said = f"{times[0]:%Y-%m-%d}: {verdict(newest)}" if newest else f"{times[0]:%Y-%m-%d}"
    due = times[0] + timedelta(days=subject.interval)
    if due < now:
        return _missing("last drill", f"{said} The next one was due on {due:%Y-%m-%d}", fix)
    return _ok("last drill", f"{said} The next one is due on {due:%Y-%m-%d}")


def _follower(subject: Subject) -> Follower:
    s3 = client("s3", subject.region)
    return Follower(
        stack=subject.stack,
        follows=subject.follows,
        store=Store(subject.bucket, s3),
        ledger=Ledger(subject.bucket, s3),
    )


def missing(found: Sequence[Found]) -> Iterator[Found]:
    """Yield what a recovery would not find."""
    return (each for each in found if each.outcome == MISSING)


def _ok(what: str, detail: str) -> Found:
    return Found(what=what, outcome=OK, detail=detail)


def _unneeded(what: str, detail: str) -> Found:
    return Found(what=what, outcome=UNNEEDED, detail=detail)


def _missing(what: str, detail: str, fix: str) -> Found:
    return Found(what=what, outcome=MISSING, detail=detail, fix=fix)
