"""Too few instances, or none: what that says of a release, to the user and to the ledger."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.stub import Stubber

from release.errors import RolloutError
from release.postures import Size
from release.rollout import decide
from release.rollout.observe import Fleets
from release.rollout.observed import BootEvent, Group, Instance, Refresh
from release.rollout.past_rollouts import is_settled
from release.rollout.proof import Proof
from release.rollout.serving import Serving
from release.store.event import Event, last_good
from tests.release.rollout.test_drive import BAD as NEW_SHA
from tests.release.rollout.test_drive import COPY, NEW, OLD, FakeAws, FakeLedger, happened, make, run

REFUSED = "You have requested more vCPU capacity than your current vCPU limit of 32 allows"
T0 = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)


class Short(FakeAws):
    """A group of `there` instances that wants `desired`; EC2 refuses to launch more where `refused` says why."""

    def __init__(
        self,
        *,
        there: int,
        desired: int,
        refused: str = REFUSED,
        states: tuple[str, ...] = (),
        least: int = 0,
        posture: str = "",
        **more: Any,
    ):
        super().__init__(**more)
        self.least, self.posture = least, posture
        self.there, self.desired, self.refused, self.states = there, desired, refused, states

    def group(self, _name: str) -> Group:
        states = ("InService",) * self.there + self.states
        members = tuple(
            Instance(id=f"i-{n}", zone="a", state=state, health="Healthy", template=self.running)
            for n, state in enumerate(states)
        )
        return Group(
            name="g",
            desired=self.desired,
            template=self.running,
            instances=members,
            least=self.least,
            largest=9 if self.least else 0,
            posture=self.posture,
        )

    def healthy_targets(self, _arns: tuple[str, ...]) -> set[str]:
        return {f"i-{n}" for n in range(self.there)}

    def refused_launch(self, _group: str, _since: float) -> str:
        return self.refused


def prove(aws: Short, ledger: FakeLedger, **more: Any) -> tuple[Serving, list[str]]:
    proof, told = make(Proof, aws, ledger, **more)
    return asyncio.run(proof.prove(NEW)), told


def failed_boot(at: float = 1e12) -> BootEvent:
    return BootEvent(instance="i-9", event="failed", sha=NEW_SHA, digest="d", reason="no db", at=at)


@pytest.mark.parametrize("action", ["deploy", "rollback"])
def test_those_in_service_prove_the_release(action: str):
    """A quota is no fault of the release: it succeeded, and the warning says how many are missing and why."""
    ledger = FakeLedger()
    found, told = prove(Short(running=NEW, there=2, desired=5), ledger, action=action)
    assert found.counts == {NEW_SHA: 2}
    assert [(event.outcome, event.reason) for event in ledger.events] == [
        ("succeeded", f"3 of 5 instances are missing: {REFUSED}")
    ]
    assert f"3 of 5 instances are missing: {REFUSED}" in told[-1]


def test_those_that_boot_are_waited_for_as_long_as_a_boot_may_take():
    """A steep scale-out is under way: nobody refuses anything, and nothing is wrong when the time is up."""
    aws = Short(running=NEW, there=2, desired=9, refused="", states=("Pending:Wait",) * 7)
    ledger = FakeLedger()
    _, told = prove(aws, ledger)
    *waiting, last = told
    assert waiting[-1] == f"web: 2 of 9 instances serve {NEW_SHA} | 120 s of at most 150 s"
    assert last == "web: 7 of 9 instances are missing: 7 are still booting"
    assert ledger.outcomes == ["succeeded"]


def test_an_instance_that_cannot_boot_is_no_shortage():
    """Launched and not booted is what a bad release looks like, quota or not."""
    aws, ledger = Short(running=NEW, there=2, desired=3), FakeLedger()
    seen: list[int] = []

    def failed_boots(*_: object, **__: object) -> list[BootEvent]:
        seen.append(1)
        return [failed_boot()] if len(seen) > 1 else []  # the first look is at what failed before

    aws.failed_boots = failed_boots
    with pytest.raises(RolloutError, match="i-9: no db"):
        prove(aws, ledger)
    assert ledger.outcomes == ["failed"]


def test_an_instance_that_the_balancer_finds_ill_is_no_shortage():
    """It is there, and does not serve."""
    aws, ledger = Short(running=NEW, there=2, desired=3, states=("InService",)), FakeLedger()
    with pytest.raises(RolloutError, match="does not serve"):
        prove(aws, ledger)
    assert ledger.outcomes == ["failed"]


def test_where_nothing_can_be_launched_nothing_was_proved():
    """`pulumi up` fails, since nothing serves; but the release is not what failed."""
    ledger = FakeLedger()
    with pytest.raises(RolloutError, match=r"EC2 launched no instances: .*vCPU limit.*not at fault"):
        prove(Short(running=NEW, there=0, desired=3), ledger)
    assert ledger.outcomes == ["unproved"]


def test_a_fleet_without_instances_proves_nothing():
    """Warned, and once in the ledger as what it is; the first instance that serves it proves it."""
    aws, ledger = Short(running=NEW, there=0, desired=0, refused=""), FakeLedger()
    for _ in range(2):
        found, told = prove(aws, ledger)
        assert found.counts == {}
        assert "nothing has proved the release" in told[-1]
    assert ledger.outcomes == ["unproved"]
    aws.there = aws.desired = 1
    prove(aws, ledger)
    assert ledger.outcomes == ["unproved", "succeeded"]


def test_a_release_that_served_stays_proved_without_instances():
    """That the fleet was scaled to nothing afterwards takes nothing back."""
    ledger = FakeLedger(events=[happened(NEW_SHA, "succeeded", template_version="2")])
    prove(Short(running=NEW, there=0, desired=0, refused=""), ledger)
    assert ledger.outcomes == ["succeeded"]


def late_refresh(**more: Any) -> Short:
    return Short(there=2, desired=2, script=["InProgress"] * 30 + ["RollbackInProgress", "RollbackSuccessful"], **more)


@pytest.mark.parametrize(("refused", "outcome"), [(REFUSED, "unproved"), ("", "failed")])
def test_a_refresh_that_cannot_launch_says_nothing_of_the_release(refused: str, outcome: str):
    """It is rolled back by the timeout; only where EC2 launched what was asked for the release may be at fault."""
    aws, ledger = late_refresh(refused=refused), FakeLedger()
    with pytest.raises(RolloutError, match="not finished in time") as caught:
        run(aws, ledger)
    assert ledger.outcomes == ["started", outcome]
    assert ("not at fault" in str(caught.value)) == (outcome == "unproved")
    assert (REFUSED in str(caught.value)) == (outcome == "unproved")


def test_what_runs_already_is_not_replaced_for_those_that_are_missing():
    """The way back in a shortage: the same content by another number needs no refresh, which could not end."""
    aws = Short(running=COPY, there=3, desired=5)
    run(aws, FakeLedger())
    assert aws.calls == []
    empty = Short(running=COPY, there=0, desired=5, script=["Successful"])
    run(empty, FakeLedger())
    assert empty.calls == ["start"]


def test_a_rollback_by_aws_that_cannot_end_is_not_the_releases_fault_either():
    """It waits for capacity too; the next `pulumi up` says so, and writes nothing."""
    back = Refresh(id="r", status="RollbackInProgress", template=OLD, started=1.0)
    ledger = FakeLedger()
    with pytest.raises(RolloutError, match=r"waited .*vCPU limit.*AWS continues with it"):
        run(Short(there=2, desired=3, active=back), ledger)
    assert ledger.outcomes == []


def test_an_alarm_is_the_releases_fault_also_in_a_shortage():
    """AWS turned it round for what the release did, whatever EC2 refuses besides."""
    aws, ledger = Short(there=2, desired=2), FakeLedger()
    aws.script = ["InProgress", "RollbackSuccessful"]
    refreshes_of = aws.refreshes

    def alarmed(_group: str) -> list[Refresh]:
        return [
            replace(found, rollback_reason="CloudWatch alarm errors is in the ALARM state.")
            for found in refreshes_of(_group)
        ]

    aws.refreshes = alarmed
    with pytest.raises(RolloutError, match="alarm errors"):
        run(aws, ledger)
    assert ledger.outcomes == ["started", "failed"]


def test_a_rollback_that_waits_for_capacity_does_not_condemn_what_it_goes_to():
    """The wait ends, AWS goes on, and the release stays one to go back to."""
    aws, ledger = Short(there=2, desired=2, script=["InProgress"] * 30), FakeLedger()
    with pytest.raises(RolloutError, match="it continues in AWS"):
        run(aws, ledger, action="rollback", late=decide.Step.FAILED)
    assert ledger.outcomes == ["started", "unproved"]


def test_an_end_that_nobody_saw_is_told_by_what_ec2_said():
    """Whoever followed it was killed; EC2 had refused its instances."""
    aws = Short(there=2, desired=2, active=Refresh(id="r", status="RollbackSuccessful", template=NEW, started=1.0))
    aws.script = ["RollbackSuccessful"] * 2 + ["Successful"]
    ledger = FakeLedger(events=[happened(NEW_SHA, "started", refresh_id="r")])
    run(aws, ledger)
    assert ledger.outcomes == ["started", "unproved", "started"]


def story(*steps: tuple[str, str, str, str | None]) -> list[Event]:
    """Events a minute apart: (fleet, sha, outcome, template version)."""
    return [
        Event(
            at=T0 + timedelta(minutes=n), by="alex", stack="s", fleet=fleet, action="deploy", sha=sha * 40,
            digest="d", outcome=outcome, template_version=version,
        )
        for n, (fleet, sha, outcome, version) in enumerate(steps)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "sha"),
    [
        ([("web", "a", "succeeded", "1"), ("web", "b", "unproved", "2")], "a"),
        ([("web", "a", "succeeded", "1"), ("web", "b", "started", "2"), ("web", "b", "unproved", "2")], "a"),
        ([("web", "a", "succeeded", "1"), ("web", "a", "unproved", "1")], "a"),
        ([("web", "b", "unproved", "2")], None),
        ([("web", "a", "succeeded", "1"), ("web", "b", "succeeded", "2"), ("batch", "b", "unproved", "2")], "b"),
        (
            [
                ("web", "a", "succeeded", "1"), ("batch", "a", "succeeded", "1"), ("web", "b", "succeeded", "2"),
                ("batch", "b", "started", "2"), ("batch", "b", "unproved", "2"),
            ],
            "a",
        ),
    ],
)  # fmt: skip
def test_what_nothing_proved_is_no_last_good_and_takes_none_away(
    steps: list[tuple[str, str, str, str | None]], sha: str | None
):
    """Not good by itself; nor does a fleet that is kept at nothing condemn what the others serve."""
    found = last_good(story(*steps))
    assert (found.sha if found else None) == (sha * 40 if sha else None)


@pytest.mark.parametrize(("in_force", "leaves"), [("b", True), ("a", False)])
def test_a_rollback_leaves_what_nothing_proved_only_where_it_is_in_force(in_force: str, leaves: bool):
    """In an empty fleet it is what one goes back from; where AWS has gone back already, the other one stays."""
    events = story(("web", "a", "succeeded", "1"), ("web", "b", "unproved", "2"))[::-1]
    assert is_settled(events, in_force * 40) is leaves


@pytest.mark.parametrize(
    ("activities", "said"),
    [  # each newest first
        ([("Launching an instance.  Status Reason: no", "Failed", "no")], "no"),
        ([("Launching an instance", "Failed", "no")], "no"),
        ([("Terminating EC2 instance: i-1", "Failed", "x"), ("Launching an instance", "Failed", "no")], "no"),
        ([("Launching an instance: i-2", "Successful", "x"), ("Launching an instance", "Failed", "no")], ""),
        ([("Launching an instance: i-2", "Failed", "Lifecycle Action was abandoned")], ""),
        ([], ""),
    ],
)  # fmt: skip
def test_what_ec2_refused_last(monkeypatch: pytest.MonkeyPatch, activities: list[tuple[str, str, str]], said: str):
    """Only a launch that EC2 itself refused, and none that came later."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    fleets = Fleets("eu-west-1")
    shown = [
        {"Description": d, "StatusCode": s, "StatusMessage": m, "StartTime": T0, "ActivityId": "a", "Cause": "c",
         "AutoScalingGroupName": "g"}
        for d, s, m in activities
    ]  # fmt: skip
    with Stubber(fleets._autoscaling) as stub:
        stub.add_response("describe_scaling_activities", {"Activities": shown})
        assert fleets.refused_launch("g", T0.timestamp() - 1) == said


NONE, SOME = Size(min=0, max=0), Size(min=1, max=4)


def test_a_group_that_is_to_have_no_instances_is_waited_for_by_nobody():
    """Pilot light: the last instances may still be there; nothing is asked of them, and nothing is a warning."""
    aws, ledger = Short(running=NEW, there=2, desired=0, refused=""), FakeLedger()
    found, told = prove(aws, ledger, size=NONE)
    assert (found.counts, told) == ({NEW_SHA: 2}, [])
    assert ledger.outcomes == ["unproved"]
    prove(aws, ledger, size=NONE)
    assert ledger.outcomes == ["unproved"]


def test_what_is_to_have_no_instances_is_not_rolled_out():
    """The hook runs while the old instances are still there: they go, and are not replaced first."""
    aws, ledger = Short(running=OLD, there=2, desired=2, script=["Successful"]), FakeLedger()
    assert run(aws, ledger, size=NONE) == ["web: nothing is rolled out: the group is to have no instances"]
    assert ledger.outcomes == []


def test_a_group_that_somebody_made_larger_is_told():
    """The engine sees no difference to its state, and would say that all is as it should be."""
    aws = Short(running=NEW, there=3, desired=3, refused="", least=3)
    with pytest.raises(RolloutError, match=r"the stack says 0-0 instances, but the group g has 3-9: .* with --refresh"):
        prove(aws, FakeLedger(), size=NONE)
    _, told = prove(aws, FakeLedger(), size=SOME)
    assert "the stack says 1-4 instances, but the group g has 3-9" in told[0]
    assert prove(aws, FakeLedger(), size=Size(min=3, max=4))[1] == []
    assert prove(aws, FakeLedger())[1] == []
    activated = Short(running=NEW, there=3, desired=3, refused="", least=3, posture="active")
    with pytest.raises(RolloutError, match="with --refresh"):
        prove(activated, FakeLedger(), size=SOME, posture="warm")
    assert prove(activated, FakeLedger(), size=Size(min=3, max=9), posture="active")[1] == []
