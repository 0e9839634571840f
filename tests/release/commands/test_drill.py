"""`python -m release drill`: what it refuses, what it checks, what it lists; the drill itself is in tests/engine."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest

from release.__main__ import main
from release.commands import drill_plan
from release.drill import readiness
from release.drill.archive import Archive
from release.drill.readiness import MISSING, OK, UNNEEDED, Found, Subject
from release.errors import DrillError
from release.store.ledger import Event, Ledger
from tests.release.drill.reports import SHA, report
from tests.release.store import replicated
from tests.release.store.replicated import SECOND, Pair

FILE = """\
config:
  aws:region: eu-central-1
  slipway:loadBalancer: {http: true}
  slipway:artifacts: {bucket: replica}
  slipway:release: {follow: prod, sha: pinned}
  slipway:recovery:
    posture: warm
    objectives: {rto: 900}
    interval: 92
    checks:
      page: {url: "{url}/"}
      db: {command: psql, timeout: 5}
  slipway:fleets:
    web:
      process: web
      instanceTypes: [t3.small]
      secrets: {DATABASE_URL: {secure: v1:x}}
encryptionsalt: v1:abc
"""


def options(**given: Any) -> argparse.Namespace:
    defaults = {"bucket": None, "region": None, "since": None, "lift": None, "contacted": None, "timeout": 60.0}
    return argparse.Namespace(**{**defaults, **given})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    (folder / "Pulumi.dr.yaml").write_text(FILE)
    return folder


def test_a_plan_follows_from_the_stacks_file(project: Path, aws: str):
    """Objectives, checks and the rest are the settings', with their defaults; the environment is who drills."""
    found = drill_plan.plan(options(), "dr", project, {"SLIPWAY_BY": "ada", "SLIPWAY_POSTURE": "cold"})
    assert (found.stack, found.follows, found.region, found.bucket) == ("dr", "prod", "eu-central-1", "replica")
    assert (found.rto, found.rpo, found.bake, found.interval, found.posture) == (900, None, 60, 92, "warm")
    assert [(check.name, check.what, check.timeout) for check in found.checks] == [
        ("db", "psql", 5),
        ("page", "{url}/", 60),
    ]
    assert found.isolated.name == "dr-drill"
    assert found.by == "ada"
    assert {"pulumi", "pulumi-aws", "boto3", "python", "slipway"} == set(found.versions)


@pytest.mark.parametrize("packed", [False, True])
def test_the_commit_is_known_without_git(project: Path, aws: str, packed: bool):
    """From git's own files, loose or packed: a drill starts no git."""
    git = project / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    if packed:
        (git / "packed-refs").write_text(f"# pack-refs\n{SHA} refs/heads/main\n")
    else:
        (git / "refs" / "heads" / "main").write_text(f"{SHA}\n")
    assert drill_plan.plan(options(), "dr", project, {}).versions["slipway"] == SHA


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("{follow: prod, sha: pinned}", "{}"), "dr follows no stack"),
        (("{rto: 900}", "{rto: soon}"), "recovery.objectives.rto: must be"),
        (("{command: psql, timeout: 5}", "{}"), "recovery.checks.db: needs one of command or url"),
        (("config:", "config: ["), "is not valid YAML"),
    ],
)
def test_bad_settings_are_refused(project: Path, change: tuple[str, str], said: str):
    """Before anything is made, with the setting."""
    (project / "Pulumi.dr.yaml").write_text(FILE.replace(*change))
    with pytest.raises(DrillError, match=said):
        drill_plan.plan(options(), "dr", project, {})


def test_what_else_is_refused(project: Path, tmp_path: Path):
    """A folder without the project, a stack without a file, a region that is not the stack's."""
    with pytest.raises(DrillError, match=r"has no Pulumi.yaml: run this in Slipway's folder"):
        drill_plan.plan(options(), "dr", tmp_path, {})
    with pytest.raises(DrillError, match=r"the file of stack prod can't be read .*; there are: Pulumi.dr.yaml"):
        drill_plan.plan(options(), "prod", project, {})
    with pytest.raises(DrillError, match=r"--region: dr is in eu-central-1, not in eu-west-1"):
        drill_plan.plan(options(region="eu-west-1"), "dr", project, {})


@pytest.mark.parametrize(
    "words",
    [["--since", "yesterday"], ["--since", "2999-01-01T00:00:00Z"], ["--timeout", "0"], ["--check", "--history"]],
)
def test_odd_options_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]):
    """Wrong usage is status 2."""
    with pytest.raises(SystemExit) as ended:
        main(["drill", *words])
    assert ended.value.code == 2
    assert "error: argument" in capsys.readouterr().err


def test_a_drill_without_a_stack_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A user's mistake is an error without a traceback, and status 1."""
    monkeypatch.chdir(tmp_path)
    assert main(["drill", "--stack", "dr"]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path} has no Pulumi.yaml: run this in Slipway's folder\n"


@pytest.mark.sandbox
def test_history(bucket: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The newest first, with what was measured of what; as JSON whole."""
    monkeypatch.chdir(tmp_path)
    Archive(bucket).put(report())
    assert main(["drill", "--history", "--stack", "dr", "--bucket", bucket]) == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split()[:5] == ["BEGAN", "(UTC)", "OUTCOME", "RTO", "RPO"]
    assert re.split(" {2,}", line)[:4] == ["2026-05-06 03:00", "passed", "9 min of 15 min", "0 s of 60 s"]
    assert main(["drill", "--history", "--stack", "dr", "--bucket", bucket, "--json"]) == 0
    [document] = json.loads(capsys.readouterr().out)
    assert len(document["sha256"]) == 64


@pytest.fixture
def pair(aws: str, request: pytest.FixtureRequest) -> Pair:
    return replicated.make(f"slipway-{abs(hash(request.node.nodeid))}")


NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
Look = Callable[..., Found]


@pytest.fixture
def look(pair: Pair) -> Look:
    """What one probe finds, for a stack with these changes."""
    subject = Subject(
        stack="dr",
        follows="prod",
        region=SECOND,
        bucket=pair.second,
        posture="warm",
        fleets=["web"],
        domain=None,
        hosted_zone=None,
        certificate=None,
        failover="none",
        interval=31,
    )

    def found(what: str, **changes: Any) -> Found:
        [one] = readiness.look({what: readiness.probes(replace(subject, **changes), NOW)[what]})
        return one

    return found


@pytest.mark.sandbox
def test_whether_the_replica_is_complete(pair: Pair, look: Look, tmp_path: Path):
    """It is if every release is recoverable; a bucket that is replicated nowhere is none."""
    assert (look("replica").outcome, "artifacts.replica" in look("replica").fix) == (MISSING, True)
    pair.replicate(live=False)
    pair.publish(tmp_path, SHA)
    found = look("replica")
    assert (found.outcome, found.fix) == (MISSING, "run `python -m release replicate`")
    assert "1 of 1 releases are not recoverable" in found.detail
    pair.publish(tmp_path, "b" * 40)
    assert "2 of 2" in look("replica").detail


@pytest.mark.sandbox
def test_which_release_would_be_taken_and_its_image(pair: Pair, look: Look, tmp_path: Path):
    """The newest good one that is whole there; its image has to be in the region."""
    assert look("release").outcome == MISSING
    manifest = pair.publish(tmp_path, SHA)
    for key in (f"releases/{SHA}/artifact.tar.gz", f"releases/{SHA}/manifest.json"):
        body = pair.client().get_object(Bucket=pair.first, Key=key)["Body"].read()
        pair.client(SECOND).put_object(Bucket=pair.second, Key=key, Body=body, ChecksumAlgorithm="SHA256")
    Ledger(pair.second, pair.client(SECOND)).record(
        Event(
            at=NOW,
            by="ada",
            stack="prod",
            fleet="web",
            action="deploy",
            sha=SHA,
            digest=manifest.digest,
            outcome="succeeded",
        )
    )
    assert look("release").detail.startswith(f"{SHA}, good in prod since ")
    assert look("image").outcome == MISSING
    assert manifest.image.name in look("image").detail


@pytest.mark.sandbox
def test_the_roles_of_the_fleets(look: Look):
    """They have to stand, unless nothing does."""
    assert look("roles", posture="cold").outcome == UNNEEDED
    assert look("roles").detail == "there is no slipway-dr-web-eu-central-1"
    boto3.client("iam").create_role(RoleName="slipway-dr-web-eu-central-1", AssumeRolePolicyDocument="{}")
    assert look("roles").outcome == OK


@pytest.mark.sandbox
def test_the_certificate_has_to_be_issued(look: Look):
    """In the stack's region, for its domain; plain HTTP needs none, a cold stack has none yet."""
    domain = {"domain": "shop.example.com", "hosted_zone": "Z0123456789ABCDEFGHIJ"}
    assert look("certificate").outcome == UNNEEDED
    assert look("certificate", **domain, posture="cold").outcome == UNNEEDED
    assert look("certificate", **domain).detail == "eu-central-1 has no issued certificate for shop.example.com"


@pytest.mark.sandbox
def test_the_record_has_to_be_there_beforehand(look: Look):
    """With failover there has to be a record of this stack's kind in the zone."""
    route53 = boto3.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"].rpartition("/")[2]
    mine = {"domain": "shop.example.com", "hosted_zone": zone, "failover": "secondary"}
    assert look("record").outcome == UNNEEDED
    assert look("record", **mine).detail == "shop.example.com has no secondary record"
    record = {
        "Name": "shop.example.com",
        "Type": "A",
        "TTL": 60,
        "SetIdentifier": "dr",
        "Failover": "SECONDARY",
        "ResourceRecords": [{"Value": "192.0.2.1"}],
    }
    changes: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)
    assert look("record", **mine).outcome == OK
    assert look("record", **{**mine, "failover": "primary"}).outcome == MISSING


@pytest.mark.sandbox
def test_when_the_next_drill_is_due(pair: Pair, look: Look):
    """None yet, one in time, one that is overdue."""
    assert look("last drill").detail == "there was none"
    archive = Archive(pair.second, pair.client(SECOND))
    archive.put(report(began=NOW - timedelta(days=40)))
    assert (look("last drill").outcome, "was due on 2026-05-23" in look("last drill").detail) == (MISSING, True)
    archive.put(report(began=NOW - timedelta(days=30)))
    assert (look("last drill").outcome, "Passed" in look("last drill").detail) == (OK, True)


def test_what_can_not_be_asked_is_missing():
    """A check that fails is no check that passed; the others go on."""

    def refused() -> Found:
        raise DrillError("access denied")

    found = readiness.look({"x": refused, "y": lambda: Found(what="y", outcome=OK, detail="")})
    assert [(each.what, each.outcome, each.detail) for each in found] == [
        ("x", MISSING, "access denied"),
        ("y", OK, ""),
    ]


def test_a_check_where_nothing_is_ready(
    project: Path, pair: Pair, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """All that is missing is told at once, each with what mends it, and the exit status says so."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{project / 'no-such-folder'}")
    arguments = ["drill", "--check", "--stack", "dr", "--bucket", pair.second]
    assert main(arguments) == 1
    said = capsys.readouterr()
    outcomes = {line.split("  ")[0]: line for line in said.out.splitlines()}
    for what in ("release", "state backend", "last drill"):
        assert MISSING in outcomes[what]
        assert f"{what}: " in said.err
    assert main([*arguments, "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert not shown["ready"]
    assert {check["what"] for check in shown["checks"]} >= {"quotas", "quotas of a drill", "roles"}
