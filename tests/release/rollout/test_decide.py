"""Every ending of a rollout is the true one: the decisions as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release.rollout import decide, observed, serving
from release.rollout.decide import Step
from release.rollout.observed import BootEvent, Group, Instance, Refresh, Template

OLD, NEW = Template(id="lt-1", version="1"), Template(id="lt-1", version="2")
STATUSES = sorted(observed.ACTIVE | {"Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"})


def failed_boot(instance: str, at: float = 10, sha: str = "b" * 40) -> BootEvent:
    return BootEvent(instance=instance, event="failed", sha=sha, digest="d", reason=f"why of {instance}", at=at)


def ready(instance: str, sha: str, digest: str = "d") -> BootEvent:
    return BootEvent(instance=instance, event="ready", sha=sha, digest=digest, reason="", at=1)


def member(name: str, zone: str = "eu-west-1a", template: Template = OLD, state: str = "InService") -> Instance:
    return Instance(id=name, zone=zone, state=state, health="Healthy", template=template)


@pytest.mark.parametrize(
    ("status", "elapsed", "failures", "step"),
    [
        ("Pending", 1, 0, Step.WAIT),
        ("InProgress", 99, 0, Step.WAIT),
        ("InProgress", 99, 2, Step.WAIT),
        ("InProgress", 1, 3, Step.ROLL_BACK),
        ("InProgress", 100, 0, Step.WAIT),
        ("InProgress", 101, 0, Step.ROLL_BACK),
        ("Baking", 99, 0, Step.WAIT),
        ("Baking", 101, 0, Step.ROLL_BACK),
        ("Cancelling", 101, 0, Step.WAIT),
        ("Cancelling", 200, 0, Step.WAIT),
        ("Cancelling", 201, 0, Step.FAILED),
        ("RollbackInProgress", 101, 9, Step.WAIT),
        ("RollbackInProgress", 201, 0, Step.FAILED),
        ("Successful", 500, 9, Step.SUCCEEDED),
        ("Cancelled", 1, 0, Step.FAILED),
        ("Failed", 1, 0, Step.FAILED),
        ("RollbackSuccessful", 1, 0, Step.FAILED),
        ("RollbackFailed", 1, 0, Step.FAILED),
        ("SomethingNew", 1, 0, Step.FAILED),
    ],
)
def test_decide(status: str, elapsed: float, failures: int, step: Step):
    """Each status, in time and late, with and without failed boots, leads to one step."""
    boots = [failed_boot(f"i-{n}") for n in range(failures)]
    decision = decide.decide(Refresh(id="r", status=status), boots, elapsed=elapsed, timeout=100)
    assert decision.step is step
    assert bool(decision.reason) == (step in {Step.ROLL_BACK, Step.FAILED})


def test_one_instance_that_fails_three_times_is_one_failure():
    """A rollout is not given up because of one bad machine."""
    boots = [failed_boot("i-1", at) for at in (1, 2, 3)]
    assert decide.decide(Refresh(id="r", status="InProgress"), boots, elapsed=1, timeout=9).step is Step.WAIT


def test_the_reason_carries_what_the_instance_said():
    """The operator reads why the release did not boot without opening a console."""
    boots = [failed_boot(f"i-{n}") for n in range(3)]
    decision = decide.decide(Refresh(id="r", status="InProgress"), boots, elapsed=1, timeout=9)
    assert "i-0: why of i-0" in decision.reason


def test_a_failed_end_carries_the_words_of_aws():
    """AWS's own status reason is in the message."""
    refresh = Refresh(id="r", status="Failed", reason="An alarm went off.")
    assert "An alarm went off." in decide.decide(refresh, [], elapsed=1, timeout=9).reason


def test_a_rollback_by_aws_says_why_it_was_turned_round():
    """The status reason of a rollback goes on to what the way back waits for; RollbackReason names the alarm."""
    refresh = Refresh(
        id="r", status="RollbackSuccessful", reason="Waiting for instances", rollback_reason="alarm errors is on"
    )
    assert decide.decide(refresh, [], elapsed=1, timeout=9).reason == "rolled back; alarm errors is on"


def test_unbooted_counts_only_this_release_and_this_rollout():
    """Failures of another release, or from before, say nothing of this one."""
    events = [failed_boot("i-1", 5), failed_boot("i-2", 20), failed_boot("i-3", 30, "c" * 40), ready("i-4", "b" * 40)]
    assert [event.instance for event in decide.unbooted(events, "b" * 40, 10)] == ["i-2"]


def test_progress_counts_old_and_new_by_zone():
    """One line shows how many of each release serve in each zone."""
    group = Group(
        name="g",
        desired=2,
        template=OLD,
        instances=(
            member("i-1"),
            member("i-2", "eu-west-1b", NEW),
            member("i-3", "eu-west-1b", NEW, "Pending:Wait"),
        ),
    )
    refresh = Refresh(id="r", status="InProgress", percentage=50, reason="Waiting")
    line = serving.progress("web", refresh, group, NEW)
    assert line == "web: InProgress 50% | eu-west-1a 1 old 0 new, eu-west-1b 0 old 1 new | 1 booting | Waiting"


def test_serving_is_what_instances_said():
    """Only instances that are in service, healthy at the balancer and proved count as serving."""
    group = Group(
        name="g", desired=3, template=NEW, instances=(member("i-1"), member("i-2"), member("i-3"), member("i-4"))
    )
    found = serving.count(group, ["i-1", "i-2", "i-4"], [ready("i-1", "a"), ready("i-2", "b"), ready("i-3", "b")])
    assert found.counts == {"a": 1, "b": 1}
    assert found.unproved == 1
    assert not found.is_exactly("b", "d")
    assert str(found) == ("1 of 3 instances serve a; 1 of 3 instances serve b; 1 have not reported what they run")


def test_serving_exactly_needs_every_instance_and_the_digest():
    """Two of three, or another digest, is not the release."""
    group = Group(name="g", desired=2, template=NEW, instances=(member("i-1"), member("i-2")))
    both = [ready("i-1", "a"), ready("i-2", "a")]
    assert serving.count(group, ["i-1", "i-2"], both).is_exactly("a", "d")
    assert not serving.count(group, ["i-1"], both).is_exactly("a", "d")
    assert not serving.count(group, ["i-1", "i-2"], [both[0], ready("i-2", "a", "tampered")]).is_exactly("a", "d")


@given(st.sampled_from(STATUSES), st.floats(0, 1000), st.integers(0, 5))
def test_waiting_always_ends(status: str, elapsed: float, failures: int):
    """Whatever AWS says, after twice the timeout nothing waits unless a rollback was just asked for."""
    boots = [failed_boot(f"i-{n}") for n in range(failures)]
    decision = decide.decide(Refresh(id="r", status=status), boots, elapsed=elapsed + 200.1, timeout=100)
    assert decision.step is not Step.WAIT
