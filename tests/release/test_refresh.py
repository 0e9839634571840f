"""The loop between AWS and the decisions: what is started, followed, refused, undone and recorded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import cast

import pytest

from release import rollout
from release.fleets import Fleets
from release.ledger import Event
from release.proof import Proof
from release.record import Record
from release.refresh import Rollout
from release.rollout import Alarm, BootEvent, Group, Instance, Refresh, Template
from release.templates import Templates
from release.traffic import Requests, Traffic
from release.watch import Plan, RolloutError

OLD, NEW, COPY = (Template(id="lt-1", version=version) for version in ("1", "2", "3"))
SAYS = {OLD: "old", NEW: "new", COPY: "new"}
GOOD, BAD = "a" * 40, "b" * 40
DESIRED = {"LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "2"}}


@dataclass
class FakeAws:
    """One group, whose refresh goes through a script of statuses, one a look."""

    running: Template = OLD
    script: list[str] = field(default_factory=list)
    active: Refresh | None = None
    boots_said: list[BootEvent] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    alarms: list[list[str]] = field(default_factory=list)
    """The alarms that are not OK, one list a look; the last one stays."""
    alarm_state: str = "ALARM"
    watching: tuple[str, ...] = ()
    lost: bool = False
    """Whether the answer to a start is lost, so that the second attempt finds the refresh under way."""

    def group(self, _name: str) -> Group:
        members = tuple(
            Instance(id=f"i-{n}", zone="a", state="InService", health="Healthy", template=self.running)
            for n in range(2)
        )
        return Group(name="g", desired=2, template=self.running, instances=members, target_group_arns=("arn",))

    def refreshes(self, _group: str) -> list[Refresh]:
        if self.active is None:
            return []
        if self.script:
            self.active = replace(self.active, status=self.script.pop(0))
        if self.active.status == "Successful" and self.active.template:
            self.running = self.active.template
        return [self.active]

    def allow_boot(self, _group: str, hook: str, seconds: int) -> None:
        self.calls.append(f"{hook} {seconds} s")

    def start(self, _group: str, desired: dict, preferences: dict) -> str | None:
        self.calls.append("start")
        self.watching = rollout.alarms(preferences)
        if self.active and self.active.status in rollout.ACTIVE:
            return None
        version = desired["LaunchTemplate"]["Version"]
        self.active = Refresh(id="r-new", status="Pending", template=Template(id="lt-1", version=version), started=1.0)
        return None if self.lost else "r-new"

    def alarms_not_ok(self, names: tuple[str, ...]) -> list[Alarm]:
        on = self.alarms.pop(0) if len(self.alarms) > 1 else next(iter(self.alarms), [])
        return [Alarm(name=name, state=self.alarm_state, since=60.0) for name in on if name in names]

    def roll_back(self, _group: str) -> bool:
        self.calls.append("roll back")
        return True

    def refused_launch(self, _group: str, _since: float) -> str:
        return ""

    def healthy_targets(self, _arns: tuple[str, ...]) -> set[str]:
        return {"i-0", "i-1"}

    def boots(self, _log_group: str, *, since: float | None = None, instances: list[str] | None = None):
        if instances is None:
            return [event for event in self.boots_said if event.at >= (since or 0)]
        sha = BAD if SAYS[self.running] == "new" else GOOD
        return [BootEvent(instance=i, event="ready", sha=sha, digest="d", reason="", at=0) for i in instances]

    def contents(self, templates: set[Template]) -> dict[Template, str]:
        return {template: SAYS[template] for template in templates}

    def since(self, _arns: tuple[str, ...], _since: float) -> Requests:
        return Requests(total=10, failed=0)


@dataclass
class FakeLedger:
    """A ledger in memory, newest last."""

    events: list[Event] = field(default_factory=list)

    def record(self, event: Event) -> str:
        self.events.append(event)
        return "key"

    def history(self, _stack: str, _fleet: str | None = None, limit: int = 20) -> list[Event]:
        return self.events[::-1][:limit]

    @property
    def outcomes(self) -> list[str]:
        return [event.outcome for event in self.events]


@dataclass
class Clock:
    """Time that passes only while something sleeps."""

    time: float = 100.0

    def __call__(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


def make(kind: type, aws: FakeAws, ledger: FakeLedger, **plan):
    told: list[str] = []
    clock = Clock()
    record = Record(ledger=ledger, stack="s", fleet="web", sha=BAD, digest="d", image="i")  # pyright: ignore
    made = kind(
        plan=Plan(
            **{
                "fleet": "web",
                "group": "g",
                "log_group": "l",
                "sha": BAD,
                "preferences": {},
                "timeout": 60,
                "boot_timeout": 30,
                **plan,
            }
        ),
        fleets=cast("Fleets", aws),
        **({"templates": cast("Templates", aws)} if kind is Rollout else {"traffic": cast("Traffic", aws)}),
        record=record,
        tell=told.append,
        clock=clock,
        now=clock,
        sleep=clock.sleep,
    )
    return made, told


def run(aws: FakeAws, ledger: FakeLedger, **plan) -> list[str]:
    made, told = make(Rollout, aws, ledger, **plan)
    asyncio.run(made.run(DESIRED, NEW))
    return told


def test_it_starts_follows_and_records():
    """A rollout that succeeds returns; its start is in the ledger before anything else happens."""
    aws, ledger = FakeAws(script=["InProgress", "Baking", "Successful"]), FakeLedger()
    told = run(aws, ledger)
    assert aws.calls == ["start"]
    assert ledger.outcomes == ["started"]
    assert "started" in told[0]


def test_the_boot_hook_gets_its_timeout_first():
    """A longer bootTimeout holds for the instances of the very rollout that brings it."""
    aws = FakeAws(script=["Successful"])
    run(aws, FakeLedger(), hook="boot")
    assert aws.calls == ["boot 30 s", "start"]


WATCHED = {"AutoRollback": True, "AlarmSpecification": {"Alarms": ["errors", "latency"]}}


def test_an_alarm_that_clears_is_waited_for():
    """The last release set it off; once it is clear it watches the next one as ever."""
    aws = FakeAws(script=["Successful"], alarms=[["errors"], ["errors"], []])
    told = run(aws, FakeLedger(), preferences=WATCHED, alarm_wait=180)
    assert aws.watching == ("errors", "latency")
    assert "waiting up to 180 s (rollout.alarmWait) until OK: errors (ALARM)" in told[0]
    assert not any("does not watch" in line for line in told)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("ALARM", "errors is on since 00:01 UTC, before this rollout: what serves now sets it off"),
        ("INSUFFICIENT_DATA", "errors has had no data since 00:01 UTC"),
        ("missing", "errors is gone: `pulumi refresh`, then `pulumi up` makes it anew"),
    ],
)
@pytest.mark.parametrize(("unfit", "left"), [(["errors"], ("latency",)), (["errors", "latency"], ())])
def test_an_alarm_that_stays_not_ok_does_not_watch(state: str, said: str, unfit: list[str], left: tuple[str, ...]):
    """AWS would refuse the start: the rollout begins without it, and the user and the ledger are told."""
    aws, ledger = FakeAws(script=["Successful"], alarms=[unfit], alarm_state=state), FakeLedger()
    told = run(aws, ledger, preferences=WATCHED, alarm_wait=20)
    assert aws.watching == left
    assert any(said in line for line in told)
    assert said in (ledger.events[0].reason or "")


def test_no_wait_where_none_is_wanted():
    """alarmWait 0 goes on at once."""
    aws = FakeAws(script=["Successful"], alarms=[["errors"]])
    told = run(aws, FakeLedger(), preferences=WATCHED, alarm_wait=0)
    assert not any("waiting" in line for line in told)
    assert aws.watching == ("latency",)


def test_a_start_whose_answer_was_lost_is_adopted():
    """The SDK asks again and is told that a refresh is under way: it is this one."""
    aws, ledger = FakeAws(script=["InProgress", "InProgress", "Successful"], lost=True), FakeLedger()
    run(aws, ledger)
    assert aws.calls == ["start"]
    assert [(event.outcome, event.refresh_id) for event in ledger.events] == [("started", "r-new")]


def test_a_start_that_came_second_is_refused():
    """Between the look and the start someone else's rollout began: it is named, and left alone."""
    aws = FakeAws()
    started = aws.start

    def second(group: str, desired: dict, preferences: dict) -> str | None:
        aws.active = Refresh(id="r-other", status="InProgress", template=OLD)
        return started(group, desired, preferences)

    aws.start = second  # type: ignore[method-assign]
    with pytest.raises(RolloutError, match="was not deployed: a rollout of another release is InProgress"):
        run(aws, FakeLedger())
    assert aws.calls == ["start"]


@pytest.mark.parametrize("template", [NEW, COPY])
def test_one_under_way_to_the_same_is_followed(template: Template):
    """A killed `pulumi up` left it, perhaps under a version number that its state never learnt."""
    aws = FakeAws(script=["InProgress", "Successful"], active=Refresh(id="r", status="InProgress", template=template))
    run(aws, FakeLedger())
    assert aws.calls == []


def test_the_start_that_a_kill_kept_out_of_the_ledger_is_recorded_once():
    """Between the start of a refresh and its record lies a moment; the next `pulumi up` makes up for it."""
    ledger = FakeLedger()
    for _ in range(2):
        under_way = Refresh(id="r", status="InProgress", template=NEW)
        run(FakeAws(script=["InProgress", "Successful"], active=under_way), ledger)
    assert [(event.outcome, event.refresh_id) for event in ledger.events] == [("started", "r")]


def test_another_one_is_refused_with_who_started_it():
    """Nothing is changed, and the error says whose rollout it is."""
    aws, ledger = FakeAws(active=Refresh(id="r", status="InProgress", template=OLD)), FakeLedger()
    at = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)
    ledger.record(
        Event(
            at=at,
            by="kim",
            stack="s",
            fleet="web",
            action="deploy",
            sha=GOOD,
            digest="d",
            outcome="started",
            refresh_id="r",
        )
    )
    with pytest.raises(RolloutError, match=f"{GOOD}, started by kim at 03:04 UTC"):
        run(aws, ledger)
    assert aws.calls == []


def test_another_one_is_undone_where_that_was_asked_for():
    """SLIPWAY_SUPERSEDE: the other is rolled back to its end, then this one starts."""
    other = Refresh(id="r", status="InProgress", template=OLD)
    aws = FakeAws(active=other, script=["InProgress", "RollbackInProgress", "RollbackSuccessful", "Successful"])
    run(aws, FakeLedger(), supersede=True)
    assert aws.calls == ["roll back", "start"]


def test_a_rollback_under_way_is_waited_for():
    """It is ending anyway: the rollout starts after it."""
    other = Refresh(id="r", status="RollbackInProgress", template=OLD)
    script = ["RollbackInProgress", "RollbackInProgress", "RollbackSuccessful", "RollbackSuccessful", "Successful"]
    aws = FakeAws(active=other, script=script)
    run(aws, FakeLedger())
    assert aws.calls == ["start"]


def test_what_runs_already_is_not_replaced():
    """The same content under another version number needs no refresh."""
    aws = FakeAws(running=COPY)
    told = run(aws, FakeLedger())
    assert aws.calls == []
    assert told == [f"web: every instance already runs {BAD}"]


def test_instances_that_cannot_boot_it_roll_it_back():
    """Three are enough; the error has the reason, and what serves."""
    boots = [BootEvent(instance=f"i-{n}", event="failed", sha=BAD, digest="d", reason="no db", at=2) for n in range(3)]
    aws = FakeAws(boots_said=boots, script=["InProgress", "RollbackInProgress", "RollbackSuccessful"])
    ledger = FakeLedger()
    with pytest.raises(RolloutError, match=f"no db.*2 of 2 instances serve {GOOD}"):
        run(aws, ledger)
    assert aws.calls == ["start", "roll back"]
    assert ledger.outcomes == ["started", "failed"]


def test_a_rollout_that_does_not_end_is_rolled_back_once():
    """After the timeout it is asked to roll back, one time, and followed to that end."""
    aws = FakeAws(script=["InProgress"] * 30 + ["RollbackInProgress"] * 3 + ["RollbackSuccessful"])
    with pytest.raises(RolloutError, match="not finished in time"):
        run(aws, FakeLedger())
    assert aws.calls == ["start", "roll back"]


def test_a_proof_records_once():
    """The first time it is a deploy that succeeded, with its cost; after that there is nothing new to say."""
    aws, ledger = FakeAws(running=NEW), FakeLedger()
    for _ in range(2):
        proof, _ = make(Proof, aws, ledger)
        found = asyncio.run(proof.prove(NEW))
        assert found.counts == {BAD: 2}
    assert ledger.outcomes == ["succeeded"]


def test_a_proof_refuses_what_was_rolled_back_elsewhere():
    """The stack says the one, AWS has the other: waiting would not change it, so both are named at once."""
    proof, _ = make(Proof, FakeAws(running=OLD), FakeLedger())
    with pytest.raises(RolloutError, match=f"the stack says {BAD} .*version 1 is in force.*serve {GOOD}"):
        asyncio.run(proof.prove(NEW))


def test_a_proof_ends():
    """Instances that never serve it are waited for as long as a boot may take, and no longer."""
    aws, ledger = FakeAws(running=NEW), FakeLedger()
    aws.healthy_targets = lambda _arns: set()  # type: ignore[method-assign]
    proof, told = make(Proof, aws, ledger)
    with pytest.raises(RolloutError, match="none of 2 instances is in service"):
        asyncio.run(proof.prove(NEW))
    assert ledger.outcomes == ["failed"]
    assert told == ["web: none of 2 instances is in service"]
