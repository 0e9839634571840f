"""The proof of a first deploy, which no rollout came before: what was made boots the release, or the error says why."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from release.errors import RolloutError
from release.rollout.observed import BootEvent
from release.rollout.proof import Proof
from tests.release.rollout.test_drive import BAD, NEW, FakeAws, FakeLedger, happened, make


@dataclass
class Unready(FakeAws):
    """Two instances of which none is healthy; boots fail in a script, one list a look, and the last one stays."""

    failing: list[list[BootEvent]] = field(default_factory=list)

    def healthy_targets(self, _arns: tuple[str, ...]) -> set[str]:
        return set()

    def failed_boots(self, _group: str, _log_group: str, _sha: str, since: float) -> list[BootEvent]:
        said = self.failing.pop(0) if len(self.failing) > 1 else next(iter(self.failing), [])
        return [event for event in said if event.at >= since]


def boots(*numbers: int, reason: str = "no database") -> list[BootEvent]:
    """Boots of these instances that failed."""
    return [BootEvent(instance=f"i-{n}", event="failed", sha=BAD, digest="d", reason=reason, at=90.0) for n in numbers]


def refused(aws: FakeAws, ledger: FakeLedger) -> tuple[str, float]:
    """What the proof's error says, and after how many seconds."""
    proof, _ = make(Proof, aws, ledger)
    began = proof.clock()
    with pytest.raises(RolloutError) as caught:
        asyncio.run(proof.prove(NEW))
    return str(caught.value), proof.clock() - began


def test_a_first_deploy_that_cannot_boot_is_said_at_once():
    """Three instances that say why are enough: nobody waits until the boot timeout is over."""
    aws, ledger = Unready(running=NEW, failing=[[], boots(7), boots(7, 8), boots(7, 8, 9)]), FakeLedger()
    error, seconds = refused(aws, ledger)
    assert "does not serve" in error
    assert "i-7: no database" in error
    assert seconds < 30  # the boot timeout of this plan
    assert [(event.outcome, event.reason, event.template_version) for event in ledger.events] == [
        ("failed", "i-7: no database", "2")
    ]


def test_boots_that_failed_before_are_not_held_against_this_attempt():
    """The next `pulumi up` of a release that could not boot an hour ago gets the whole time, and its own reasons."""
    old = boots(1, 2, 3, reason="the database of an hour ago")
    aws, ledger = Unready(running=NEW, failing=[old]), FakeLedger()
    error, seconds = refused(aws, ledger)
    assert "an hour ago" not in error
    assert f"waited {seconds:.0f} s" in error
    assert seconds > 30 + 120  # the boot timeout, and what an instance takes around its boot
    aws = Unready(running=NEW, failing=[old, old, [*old, *boots(7, 8)], [*old, *boots(7, 8, 9)]])
    error, seconds = refused(aws, FakeLedger())
    assert "i-7: no database" in error
    assert seconds < 30


def test_a_first_deploy_that_serves_records_how_long_that_took():
    """It has no start in the ledger, and no requests were counted: nothing served before it."""
    aws, ledger = FakeAws(running=NEW), FakeLedger()
    proof, told = make(Proof, aws, ledger)
    found = asyncio.run(proof.prove(NEW))
    assert [(event.outcome, event.requests_failed, event.seconds) for event in ledger.events] == [
        ("succeeded", None, 0)
    ]
    assert proof.cost is None
    assert proof.summary(found) == f"web: 2 of 2 instances serve {BAD}"
    assert told == []


def test_a_deploy_with_a_rollout_records_what_it_cost():
    """From the start of the rollout on, by the ledger's clock, whatever the proof itself took."""
    aws, ledger = FakeAws(running=NEW), FakeLedger(events=[happened(BAD, "started", template_version="2")])
    proof, _ = make(Proof, aws, ledger)
    since = ledger.events[0].at.timestamp()
    proof.now = lambda: since + 90
    found = asyncio.run(proof.prove(NEW))
    assert [(event.outcome, event.requests_failed, event.seconds) for event in ledger.events[1:]] == [
        ("succeeded", 0, 90)
    ]
    assert proof.summary(found).endswith("; 0 of 10 requests failed since the rollout began")
