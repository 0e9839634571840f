"""The loop between AWS and the decisions: what is started, followed, refused, undone and recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, TypeAlias, TypeVar, cast

import pytest
from botocore.exceptions import ClientError

from release.errors import ReleaseError, RolloutError, StoreError
from release.rollout import alarms, decide, observed
from release.rollout.alarms import Alarm
from release.rollout.aws import Aws
from release.rollout.conflicts import Conflicts
from release.rollout.drive import Rollout
from release.rollout.observed import BootEvent, Group, Instance, Refresh, Template
from release.rollout.proof import Proof
from release.rollout.record import Record
from release.rollout.spec import RolloutSpec
from release.rollout.traffic import Requests
from release.store.ledger import Event, Ledger

Kind = TypeVar("Kind", bound=Conflicts)
Configuration: TypeAlias = Mapping[str, Any]

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
    can_be_undone: bool = True
    lost: bool = False
    """Whether the answer to a start is lost, so that the second attempt finds the refresh under way."""

    def group(self, _name: str) -> Group | None:
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
        if self.active.status == "RollbackSuccessful":
            self.running = OLD
        return [self.active]

    def allow_boot(self, _group: str, hook: str, seconds: int) -> None:
        self.calls.append(f"{hook} {seconds} s")

    def start(self, _group: str, desired: Configuration, preferences: Configuration) -> str | None:
        self.calls.append("start")
        self.watching = alarms.names(preferences)
        if self.active and self.active.status in observed.ACTIVE:
            return None
        version = desired["LaunchTemplate"]["Version"]
        self.active = Refresh(id="r-new", status="Pending", template=Template(id="lt-1", version=version), started=1.0)
        return None if self.lost else "r-new"

    def alarms_not_ok(self, names: tuple[str, ...]) -> list[Alarm]:
        on = self.alarms.pop(0) if len(self.alarms) > 1 else next(iter(self.alarms), [])
        return [Alarm(name=name, state=self.alarm_state, since=60.0) for name in on if name in names]

    def roll_back(self, _group: str) -> bool:
        self.calls.append("roll back")
        return self.can_be_undone

    def refused_launch(self, _group: str, _since: float) -> str:
        return ""

    def healthy_targets(self, _arns: tuple[str, ...]) -> set[str]:
        return {"i-0", "i-1"}

    def failed_boots(self, _group: str, _log_group: str, _sha: str, since: float) -> list[BootEvent]:
        return [event for event in self.boots_said if event.at >= since]

    def ready(self, _log_group: str, members: list[Instance]) -> list[BootEvent]:
        sha = self.release_of(self.running)
        return [BootEvent(instance=i.id, event="ready", sha=sha, digest="d", reason="", at=0) for i in members]

    def contents(self, templates: set[Template]) -> dict[Template, str]:
        return {template: SAYS[template] for template in templates}

    def release_of(self, template: Template) -> str:
        return BAD if SAYS[template] == "new" else GOOD

    def last(self, log_group: str, sha: str, instances: list[str]) -> tuple[str, list[str]]:
        self.calls.append(f"output of {log_group}: {sha[:1]} {instances}")
        return (instances[0], ["GET /", "KeyError: 'cart'"]) if instances else ("", [])

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


def make(
    kind: type[Kind], aws: FakeAws, ledger: FakeLedger, *, action: str = "deploy", **spec: Any
) -> tuple[Kind, list[str]]:
    told: list[str] = []
    clock = Clock()
    record = Record(
        ledger=cast("Ledger", ledger), stack="s", fleet="web", sha=BAD, digest="d", image="i", action=action
    )
    known: dict[str, Any] = {
        "fleet": "web",
        "group": "g",
        "log_group": "l",
        "sha": BAD,
        "preferences": {},
        "timeout": 60,
        "boot_timeout": 30,
    }
    made = kind(
        spec=RolloutSpec(**{**known, **spec}),
        aws=cast("Aws", SimpleNamespace(fleets=aws, refreshes=aws, templates=aws, traffic=aws, output=aws)),
        record=record,
        tell=told.append,
        clock=clock,
        now=clock,
        sleep=clock.sleep,
    )
    return made, told


def run(aws: FakeAws, ledger: FakeLedger, **spec: Any) -> list[str]:
    made, told = make(Rollout, aws, ledger, **spec)
    asyncio.run(made.run(DESIRED, NEW))
    return told


def test_it_starts_follows_and_records():
    """A rollout that succeeds returns; its start is in the ledger before anything else happens."""
    aws, ledger = FakeAws(script=["InProgress", "Baking", "Successful"]), FakeLedger()
    told = run(aws, ledger)
    assert aws.calls == ["start"]
    assert ledger.outcomes == ["started"]
    assert "started" in told[0]


class Workers(FakeAws):
    """A fleet without a balancer, whose old instances go by the second look; one of them had to be killed."""

    def group(self, name: str) -> Group | None:
        found = super().group(name)
        assert found
        gone = self.running == NEW
        members = tuple(replace(member, id=f"{member.id}-new" if gone else member.id) for member in found.instances)
        return replace(found, instances=members, target_group_arns=(), balanced=False)

    def said(self, what: str, _log_group: str, members: list[Instance]) -> list[BootEvent]:
        assert [what, *sorted(member.id for member in members)] == ["killed", "i-0", "i-1"]
        event = BootEvent(instance="i-1", event=what, sha=GOOD, digest="d", reason="after 5 s", at=1.0)
        return [event]


def test_workers_that_did_not_end_in_time_are_named():
    """Once they are gone, by their own word; the deploy is none the worse."""
    aws, ledger = Workers(script=["InProgress", "Successful"]), FakeLedger()
    told = run(aws, ledger)
    assert told[-1].startswith("web: i-1 (aaaaaaaaaaaa) was ended by force after 5 s: what it was working on was cut")
    assert ledger.outcomes == ["started"]


class NothingThere(FakeAws):
    """The provider acts in another account, or the group was deleted."""

    def group(self, _name: str) -> None:
        return None


@pytest.mark.parametrize(
    "step",
    [
        lambda: make(Rollout, NothingThere(), FakeLedger())[0].run(DESIRED, NEW),
        lambda: make(Rollout, NothingThere(), FakeLedger())[0].refuse_other(NEW),
        lambda: make(Proof, NothingThere(), FakeLedger())[0].prove(NEW),
    ],
)
def test_a_group_that_cannot_be_seen_is_an_error(step: Callable[[], Coroutine[Any, Any, object]]):
    """There is one: Pulumi's state has it. A rollout of nothing must not pass for one that went well."""
    with pytest.raises(RolloutError, match=r"can't see the Auto Scaling group g .*AWS_PROFILE"):
        asyncio.run(step())


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
    assert "waiting up to 180 s (rollout.alarmWait) for alarms to return to OK: errors (ALARM)" in told[0]
    assert not any("ignored" in line for line in told)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("ALARM", "alarm errors was already firing (since 00:01 UTC) and is ignored for this rollout"),
        ("INSUFFICIENT_DATA", "alarm errors has had no data (since 00:01 UTC) and is ignored for this rollout"),
        ("missing", "alarm errors does not exist and is ignored for this rollout: run `pulumi refresh`"),
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

    def second(_group: str, desired: Configuration, preferences: Configuration) -> str | None:
        aws.active = Refresh(id="r-other", status="InProgress", template=OLD)
        return started(_group, desired, preferences)

    aws.start = second
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
    with pytest.raises(RolloutError, match=f"the stack says {BAD} .*using version 1.*serve {GOOD}"):
        asyncio.run(proof.prove(NEW))


def test_a_proof_ends():
    """Instances that never serve it are waited for as long as a boot may take, and no longer."""
    aws, ledger = FakeAws(running=NEW), FakeLedger()
    aws.healthy_targets = lambda _arns: set()
    proof, told = make(Proof, aws, ledger)
    with pytest.raises(RolloutError, match="none of 2 instances is in service"):
        asyncio.run(proof.prove(NEW))
    assert ledger.outcomes == ["failed"]
    waited = range(0, 121, 30)
    assert told == [f"web: none of 2 instances is in service | {each} s of at most 150 s" for each in waited]


def happened(sha: str, outcome: str, **more: Any) -> Event:
    """An event of the ledger."""
    known: dict[str, Any] = {"by": "alex", "stack": "s", "fleet": "web", "action": "deploy", "digest": "d", **more}
    return Event(at=datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc), sha=sha, outcome=outcome, **known)


ROLLED_BACK = [
    happened(BAD, "started", template_version="2"),
    happened(BAD, "succeeded", template_version="2"),
    happened(GOOD, "started", template_version="1", action="rollback"),
    happened(GOOD, "succeeded", template_version="1", action="rollback"),
    happened(BAD, "rolled-back", template_version="2", reason=f"back to {GOOD}"),
]


def test_what_was_rolled_back_by_hand_is_not_deployed_by_accident():
    """Some other change of the stack would bring it back: the error shows both, who, and the way to insist."""
    aws = FakeAws()
    with pytest.raises(RolloutError, match=f"{BAD} was rolled back by alex at 2026-01-02.*{GOOD}"):
        run(aws, FakeLedger(events=list(ROLLED_BACK)))
    assert aws.calls == []
    aws = FakeAws(script=["Successful"])
    run(aws, FakeLedger(events=list(ROLLED_BACK)), supersede=True)
    assert aws.calls == ["start"]


def test_the_order_of_what_two_watchers_wrote_does_not_matter():
    """A rollback in mid-refresh is written by who rolled back, and as a failure by who deployed."""
    both = [happened(BAD, "rolled-back", refresh_id="r"), happened(BAD, "failed", refresh_id="r")]
    for ended in (both, both[::-1]):
        with pytest.raises(RolloutError, match="was rolled back by alex"):
            run(FakeAws(), FakeLedger(events=[happened(BAD, "started", refresh_id="r"), *ended]))


def test_a_release_that_was_deployed_again_since_is_no_conflict():
    """Whoever insisted once need not insist for ever."""
    aws = FakeAws(script=["Successful"])
    run(aws, FakeLedger(events=[*ROLLED_BACK, happened(BAD, "started"), happened(BAD, "succeeded")]))
    assert aws.calls == ["start"]


def test_what_instances_run_is_looked_at_after_the_wait():
    """When this `up` began they still ran it; AWS has gone back meanwhile."""
    going_back = Refresh(id="r", status="RollbackInProgress", template=NEW)
    script = ["RollbackInProgress", "RollbackInProgress", "RollbackSuccessful", "RollbackSuccessful", "Successful"]
    aws = FakeAws(running=NEW, active=going_back, script=script)
    run(aws, FakeLedger())
    assert aws.calls == ["start"]


def test_one_that_ends_before_it_can_be_undone_is_replaced():
    """Between the look and the call it was Successful: then it is rolled out over, which is what was wanted."""
    other = Refresh(id="r", status="InProgress", template=OLD)
    aws = FakeAws(active=other, script=["InProgress", "Successful", "Successful", "Successful"], can_be_undone=False)
    run(aws, FakeLedger(), supersede=True)
    assert aws.calls == ["roll back", "start"]


def test_one_that_cannot_be_undone_is_said_at_once():
    """AWS refuses to roll back some refreshes; waiting would not change that."""
    aws = FakeAws(active=Refresh(id="r", status="InProgress", template=OLD), can_be_undone=False)
    with pytest.raises(RolloutError, match=r"AWS can't roll it back.*cancel-instance-refresh"):
        run(aws, FakeLedger(), supersede=True)
    assert aws.calls == ["roll back"]


def test_a_rollback_that_takes_long_is_left_to_aws():
    """To undo it would be the way to the bad release."""
    aws = FakeAws(script=["InProgress"] * 30)
    with pytest.raises(RolloutError, match="not finished in time; it continues in AWS"):
        run(aws, FakeLedger(), action="rollback", late=decide.Step.FAILED)
    assert aws.calls == ["start"]


def test_an_end_that_nobody_saw_is_written_down():
    """Whoever deployed before was killed, and AWS rolled back: the ledger has it from the next one."""
    ended = Refresh(id="r", status="RollbackSuccessful", template=NEW)
    aws, ledger = FakeAws(active=ended), FakeLedger(events=[happened(BAD, "started", refresh_id="r")])
    aws.script = ["RollbackSuccessful"] * 2 + ["Successful"]
    run(aws, ledger)
    assert ledger.outcomes == ["started", "failed", "started"]
    assert ledger.events[1].reason == "RollbackSuccessful; no command was following it when it ended"


def test_an_end_that_cannot_be_recorded_is_told_all_the_same():
    """What serves matters more than the ledger's trouble, which is told too."""
    aws, ledger = FakeAws(script=["InProgress", "RollbackSuccessful"]), FakeLedger()
    record = ledger.record

    def full(event: Event) -> str:
        if event.outcome == "failed":
            raise StoreError("bucket s: no")
        return record(event)

    ledger.record = full
    with pytest.raises(RolloutError, match=f"serve {GOOD}.*The ledger does not have this: bucket s: no"):
        run(aws, ledger)


def test_a_start_that_cannot_be_recorded_says_that_it_goes_on():
    """Nobody would otherwise know of the refresh that is under way."""
    aws, ledger = FakeAws(), FakeLedger()

    def full(event: Event) -> str:
        raise StoreError("bucket s: no")

    ledger.record = full
    with pytest.raises(RolloutError, match=r"r-new .*is in progress and continues"):
        run(aws, ledger)


def test_instances_that_are_ill_do_not_condemn_the_release():
    """It has served; that it does not now is no reason to go back to the one before."""
    aws, ledger = FakeAws(running=NEW), FakeLedger(events=[happened(BAD, "succeeded", template_version="2")])
    aws.healthy_targets = lambda _arns: set()
    proof, _ = make(Proof, aws, ledger)
    with pytest.raises(RolloutError, match="none of 2 instances is in service"):
        asyncio.run(proof.prove(NEW))
    assert ledger.outcomes == ["succeeded"]


def test_requests_that_cannot_be_counted_fail_no_deploy():
    """CloudWatch may refuse; that the release serves is proved without it."""
    aws, ledger = FakeAws(running=NEW), FakeLedger(events=[happened(BAD, "started", template_version="2")])

    def refused(_arns: tuple[str, ...], _since: float) -> Requests:
        raise ClientError({"Error": {"Code": "InvalidParameterCombination"}}, "GetMetricStatistics")

    aws.since = refused
    proof, told = make(Proof, aws, ledger)
    asyncio.run(proof.prove(NEW))
    assert ledger.events[-1].outcome == "succeeded"
    assert ledger.events[-1].requests_failed is None
    assert "could not be counted" in told[-1]


def test_a_rollout_says_how_long_it_takes_yet():
    """By the last one of its fleet, from when the refresh began; of another's rollout nothing is foretold."""
    before = [happened(GOOD, "started", template_version="1"), happened(GOOD, "succeeded", template_version="1")]
    before[1] = replace(before[1], seconds=120.0)
    aws = FakeAws(
        active=Refresh(id="r-1", status="InProgress", template=NEW, started=100.0),
        script=["InProgress"] * 2 + ["Failed"],
    )
    rollout, told = make(Rollout, aws, FakeLedger(events=before))
    with pytest.raises(RolloutError):
        asyncio.run(rollout.run(DESIRED, NEW))
    assert any("about 2 min left" in line for line in told), told


def test_a_rollout_does_not_fail_for_an_estimate():
    """The ledger can't be read: what could have been said is not."""

    class Unread(FakeLedger):
        def history(self, _stack: str, _fleet: str | None = None, limit: int = 20) -> list[Event]:
            if limit > 20:
                raise StoreError("no")
            return super().history(_stack, _fleet, limit)

    assert run(FakeAws(script=["InProgress", "Successful"]), Unread())


def test_what_comes_before_runs_only_if_something_is_replaced():
    """Its failure starts no refresh; a fleet that has the release already does not come to it."""

    async def refuse() -> None:
        raise ReleaseError("not today")

    aws = FakeAws(script=["Successful"])
    made, _ = make(Rollout, aws, FakeLedger())
    made.before = refuse
    with pytest.raises(ReleaseError, match="not today"):
        asyncio.run(made.run(DESIRED, NEW))
    assert aws.calls == []
    aws.running = NEW
    asyncio.run(made.run(DESIRED, NEW))
    assert aws.calls == []
