"""Tests of release/watch/look.py over an AWS that is given: targets, rollouts, and what can't be asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from release.errors import StoreError
from release.rollout.observed import DeployedFleet, Group, Instance, Refresh, Template
from release.rollout.templates import Baked
from release.store.event import Event
from release.watch import look
from release.watch.look import SLOW, SOON, Looker
from release.watch.seen import Requests
from tests.release.preview.test_facts import DEPLOY

OLD, NEW = Template(id="lt-1", version="1"), Template(id="lt-1", version="2")
SHAS = {OLD: "a" * 40, NEW: "b" * 40}
NOW = 1_800_000_000.0
REFRESH = Refresh(id="r-1", status="InProgress", template=NEW, started=NOW - 60)


def _instances() -> tuple[Instance, ...]:
    return tuple(
        Instance(id=f"i-{n}", zone=f"eu-west-1{'ba'[n]}", state="InService", health="Healthy", template=(OLD, None)[n])
        for n in range(2)
    )


@dataclass
class Aws:
    """One fleet, and all that a look asks; a name in `denied` is refused."""

    store: str = "b"
    arns: tuple[str, ...] = ("one", "two")
    running: list[Refresh] = field(default_factory=list[Refresh])
    targets: dict[str, dict[str, str]] = field(default_factory=dict[str, "dict[str, str]"])
    denied: set[str] = field(default_factory=set[str])
    asked: list[str] = field(default_factory=list[str])
    clock: float = 0.0

    region = "eu-west-1"
    bucket = "b"

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, what)

    @property
    def templates(self) -> Aws:
        return self

    def of_stack(self, _stack: str) -> list[DeployedFleet]:
        group = Group(name="g", desired=2, template=OLD, instances=_instances(), target_group_arns=self.arns)
        return [DeployedFleet(name="web", group=group, store=self.store, log_group="/slipway/prod/web")]

    def refreshes(self, _group: str) -> list[Refresh]:
        self._ask("Refreshes")
        return self.running

    def baked(self, templates: Iterable[Template]) -> dict[Template, Baked]:
        self._ask("Templates")
        return {each: Baked(sha=SHAS[each], digest=None) for each in templates}

    def describe_target_health(self, *, TargetGroupArn: str) -> dict[str, Any]:
        self._ask("Targets")
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": target}, "TargetHealth": {"State": state, "Description": "Timed\nout"}}
                for target, state in self.targets.get(TargetGroupArn, {}).items()
            ]
        }

    def of_fleets(self, _arns: object, since: datetime) -> dict[str, Requests]:
        self._ask("Requests")
        assert since.timestamp() == NOW - 300
        return {"web": Requests(total=7, failed=0, minutes=5)}

    def history(self, _stack: str, fleet: str | None, count: int) -> list[Event]:
        if "History" in self.denied:
            raise StoreError("bucket b: denied")
        ended = replace(DEPLOY, at=DEPLOY.at + timedelta(hours=1), seconds=240.0)
        now = replace(DEPLOY, at=DEPLOY.at + timedelta(hours=2), outcome="started", refresh_id="r-1")
        return [now, ended, replace(DEPLOY, outcome="started")][: count if fleet else 1]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """An AWS whose answers a test sets."""
    made = Aws()

    def given(*_: object, **_more: object) -> Aws:
        return made

    def marks(*_: object) -> Sequence[str]:
        made._ask("Marks")
        return ["frozen"]

    for name in ("Fleets", "client", "Ledger"):
        monkeypatch.setattr(look, name, given)
    monkeypatch.setattr(look.requests, "Metrics", given)
    monkeypatch.setattr(look.marks, "of", marks)
    return made


def looker(aws: Aws) -> Looker:
    return Looker("prod", clock=lambda: aws.clock, now=lambda: NOW)


def test_a_look_has_all_that_is_known(aws: Aws):
    """Instances by zone, each with its release; of two target groups the worst word counts, with why."""
    aws.targets = {"one": {"i-0": "healthy", "i-1": "healthy"}, "two": {"i-0": "unhealthy"}}
    seen = looker(aws).look()
    assert (seen.region, seen.at.timestamp(), seen.marks, seen.unknown) == ("eu-west-1", NOW, ("frozen",), ())
    (fleet,) = seen.fleets
    assert (fleet.sha, fleet.balanced, fleet.rolling, fleet.requests) == (
        SHAS[OLD],
        True,
        None,
        Requests(total=7, failed=0, minutes=5),
    )
    assert [(each.id, each.sha, each.target) for each in fleet.members] == [
        ("i-1", None, "healthy"),
        ("i-0", SHAS[OLD], "unhealthy: Timed out"),
    ]


def test_an_instance_in_no_target_group(aws: Aws):
    """Behind a balancer that is worth saying; a worker is in none."""
    assert [each.target for each in looker(aws).look().fleets[0].members] == ["not registered"] * 2
    aws.arns = ()
    (worker,) = looker(aws).look().fleets
    assert (worker.balanced, [each.target for each in worker.members]) == (False, ["", ""])


def test_a_rollout_tells_what_is_left_by_the_ones_before(aws: Aws):
    """The last took four minutes, and this one began a minute ago; one that goes back has no such estimate."""
    aws.running = [REFRESH]
    rolling = looker(aws).look().fleets[0].rolling
    assert rolling
    assert (rolling.sha, rolling.left) == (SHAS[NEW], "about 3 min left")
    aws.running = [replace(REFRESH, status="RollbackInProgress")]
    rolling = looker(aws).look().fleets[0].rolling
    assert rolling
    assert rolling.left == ""


def test_what_cannot_be_asked_is_said_and_stays(aws: Aws):
    """Each is a line of `unknown`, once, whatever the number of target groups; nothing that was seen is lost."""
    aws.running, aws.targets = [REFRESH], {"one": {"i-0": "draining"}}
    made = looker(aws)
    before = made.look()
    aws.denied = {"Refreshes", "Targets", "Requests", "Marks", "History"}
    aws.clock = SLOW
    now = made.look()
    assert now.fleets[0].members == before.fleets[0].members
    assert now.fleets[0].requests == before.fleets[0].requests
    assert (now.events, now.marks) == (before.events, before.marks)
    assert now.fleets[0].rolling
    assert [line.partition(":")[0] for line in now.unknown] == [
        "whether web is rolled out",
        "the targets of web",
        "the ledger",
        "requests",
        "freezes and maintenance",
    ]


def test_without_releases_the_rest_is_shown(aws: Aws):
    """Whoever may not read launch templates sees instances, without their SHAs."""
    aws.denied = {"Templates"}
    seen = looker(aws).look()
    assert [each.sha for each in seen.fleets[0].members] == [None, None]
    assert [line.partition(":")[0] for line in seen.unknown] == ["which releases there are"]


def test_what_changes_by_the_minute_is_asked_seldom(aws: Aws):
    """At once when a rollout begins, every few seconds in the minute after it, and else every half a minute."""
    made = looker(aws)

    def asks(at: float) -> bool:
        aws.clock = at
        aws.asked.clear()
        made.look()
        return "Requests" in aws.asked

    assert [asks(0), asks(SLOW - 1), asks(SLOW)] == [True, False, True]
    aws.running = [REFRESH]
    assert [asks(SLOW + 1), asks(SLOW + SOON), asks(SLOW + 1 + SOON)] == [True, False, True]


def test_a_stack_without_a_store_has_no_events(aws: Aws):
    """Nor marks, nor an estimate; that is no error."""
    aws.store, aws.running = "", [REFRESH]
    seen = looker(aws).look()
    assert (seen.events, seen.marks, seen.unknown) == ((), (), ())
    assert seen.fleets[0].rolling
    assert seen.fleets[0].rolling.left == ""


def test_events_that_cannot_be_read_are_said(aws: Aws):
    """The ledger warns of them; the others are shown."""
    made = looker(aws)
    made._warned("2 events are not readable")
    assert made._unknown == ["all of the ledger: 2 events are not readable"]
