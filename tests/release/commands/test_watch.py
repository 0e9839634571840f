"""`python -m release watch`, against an emulator: on a terminal, in a log, as documents."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from release.__main__ import main
from release.clients import client
from release.errors import StoreError
from release.maintenance.page import Page
from release.maintenance.record import Record, Wanted
from release.rollout.observed import Refresh
from release.store.freezes import Freezes
from release.store.ledger import Event, Ledger
from release.watch.look import SLOW, Looker
from tests.release.conftest import REGION
from tests.release.preview.test_facts import DEPLOY

pytestmark = pytest.mark.sandbox

SHA = "a" * 40
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def stack(aws: str, bucket: str) -> Iterator[str]:
    """A fleet of one, with a deploy in the ledger; its instance never boots, because there are no machines."""
    ec2, autoscaling = boto3.client("ec2"), boto3.client("autoscaling")
    image = ec2.register_image(Name=bucket, Architecture="x86_64")["ImageId"]
    made = ec2.create_launch_template(
        LaunchTemplateName=bucket,
        VersionDescription=f"Release {SHA}",
        LaunchTemplateData={"ImageId": image, "InstanceType": "t3.small"},
    )["LaunchTemplate"]
    tags = {"slipway:stack": bucket, "slipway:fleet": "web", "slipway:store": bucket}
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=bucket,
        LaunchTemplate={"LaunchTemplateId": made["LaunchTemplateId"], "Version": "1"},
        MinSize=1,
        MaxSize=1,
        AvailabilityZones=[f"{REGION}a"],
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in tags.items()],
    )
    Ledger(bucket).record(replace(DEPLOY, stack=bucket, seconds=60.0))
    yield bucket
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=bucket, ForceDelete=True)


def test_one_look_as_a_document(stack: str, capsys: pytest.CaptureFixture[str]):
    """The fleet by its tags, its instance with the release of its template, and the ledger's newest event."""
    assert main(["watch", "--stack", stack, "--once", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (fleet,) = found["fleets"]
    assert (fleet["fleet"], fleet["sha"], fleet["desired"]) == ("web", SHA, 1)
    (instance,) = fleet["instances"]
    assert (instance["sha"], instance["zone"]) == (SHA, f"{REGION}a")
    assert [event["outcome"] for event in found["events"]] == ["succeeded"]
    assert found["unknown"] == []


def test_a_look_costs_few_requests(stack: str):
    """The first reads all; the next ones ask for what moves, until half a minute is over."""
    clock = [0.0]
    looker = Looker(stack, REGION, clock=lambda: clock[0])
    asked: list[str] = []

    def note(model: Any, **_more: object) -> None:
        asked.append(model.name)

    clients = (looker._fleets._autoscaling, looker._fleets.templates._ec2, looker._elbv2, looker._s3)
    for each in clients:
        each.meta.events.register("before-call", note)
    looker.look()
    assert len(asked) < 15, asked
    asked.clear()
    clock[0] += 5
    looker.look()
    assert sorted(asked) == ["DescribeAutoScalingGroups", "DescribeInstanceRefreshes"]
    asked.clear()
    clock[0] += SLOW
    looker.look()
    assert "ListObjectsV2" in asked


def test_a_rollout_has_not_ended_because_nobody_may_ask(stack: str, monkeypatch: pytest.MonkeyPatch):
    """What can't be asked any more is said, and stays as it was seen last."""
    looker = Looker(stack, REGION)

    def rolling(*_: str) -> list[Refresh]:
        return [Refresh(id="r-1", status="InProgress")]

    monkeypatch.setattr(looker._fleets.__class__, "refreshes", rolling)
    (fleet,) = looker.look().fleets
    assert fleet.rolling

    def denied(*_: str) -> list[Refresh]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeInstanceRefreshes")

    monkeypatch.setattr(looker._fleets.__class__, "refreshes", denied)
    seen = looker.look()
    assert seen.fleets[0].rolling == fleet.rolling
    (unknown,) = seen.unknown
    assert unknown.startswith("whether web is rolled out: ")


def test_what_the_store_does_not_tell_any_more_stays(stack: str, monkeypatch: pytest.MonkeyPatch):
    """Its events are those that were read last, and why there are no newer ones is said."""
    clock = [0.0]
    looker = Looker(stack, REGION, clock=lambda: clock[0])
    before = looker.look().events

    def denied(*_: object) -> list[Event]:
        raise StoreError("bucket x: could not list the ledger: access denied")

    monkeypatch.setattr(Ledger, "history", denied)
    clock[0] += SLOW
    seen = looker.look()
    assert seen.events == before
    assert len(before) == 1
    assert seen.unknown == ("the ledger: bucket x: could not list the ledger: access denied",)


def test_a_freeze_and_maintenance_are_shown_until_they_end(stack: str, bucket: str):
    """Who, why and until when, in the view as in what `up` says."""
    maintenance = Record(bucket, client("s3", REGION))
    clock, freezes = [0.0], Freezes(bucket, client("s3", REGION))
    looker = Looker(stack, REGION, clock=lambda: clock[0])
    assert looker.look().marks == ()
    freezes.freeze(stack, "the sale", None)
    maintenance.begun(stack, Wanted(page=Page(), reason="the database moves"))
    clock[0] += SLOW
    first, second = looker.look().marks
    assert "in maintenance by" in first
    assert "until somebody thaws it: the sale" in second
    freezes.thaw(stack)
    maintenance.ended(stack)
    clock[0] += SLOW
    assert looker.look().marks == ()


def test_no_such_stack(aws: str, capsys: pytest.CaptureFixture[str]):
    """An error, and nothing to wait for."""
    assert main(["watch", "--stack", "nope"]) == 1
    assert f"error: region {REGION} has no fleet of stack nope" in capsys.readouterr().err


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "Ctrl-C"])
def test_a_key_leaves(stack: str, key: bytes):
    """The view is drawn on a screen of its own; q and Ctrl-C leave it at once, with the terminal as it was."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "-m", "release", "watch", "--stack", stack])  # noqa: S606
    said, pressed, end = b"", 0.0, time.monotonic() + 30
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            said += os.read(terminal, 1 << 16)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not pressed and b"succeeded" in said:
            os.write(terminal, key)
            pressed = time.monotonic()
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert status == 0, said
    assert time.monotonic() - pressed < 10
    assert said.count(b"\x1b[?1049h") == said.count(b"\x1b[?1049l") == 1  # to the other screen, and back
    assert b"Traceback" not in said


def test_in_a_log_each_change_is_a_line(stack: str):
    """What there is; then, when the group is changed, that it is; SIGINT ends it without an error."""
    command = [sys.executable, "-m", "release", "watch", "--stack", stack, "--interval", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        assert watching.stderr
        first = watching.stdout.readline()
        assert "web: aaaaaaaaaaaa, 0 of 1 serving (1a 0/1)" in first
        boto3.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=stack, MaxSize=2, MinSize=1)
        line = first
        while "1 to 2" not in line:
            line = watching.stdout.readline()
            assert line, watching.stderr.read()
        watching.send_signal(2)
        assert watching.wait(10) == 0
        assert watching.stderr.read() == ""
