"""Which instances are asked what they printed last, and when."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from release.errors import RolloutError
from release.rollout.drive import Rollout
from release.rollout.observed import BootEvent, Group, Instance
from release.rollout.suspects import Suspects
from tests.release.rollout.test_drive import BAD, DESIRED, NEW, OLD, FakeAws, FakeLedger, make, run


def group(**members: str) -> Group:
    """A group whose members have the new template, by id and state; those named `old…` have the old one."""
    shown = tuple(
        Instance(id=id, zone="a", state=state, health="Healthy", template=OLD if id.startswith("old") else NEW)
        for id, state in members.items()
    )
    return Group(name="g", desired=2, template=OLD, instances=shown)


def test_those_that_left_by_themselves_come_first():
    """Then the newest that served; an instance of another release, or that never served, is none."""
    suspects = Suspects(NEW)
    suspects.look(group(a="InService", b="InService", old="InService", c="Pending"), forward=True)
    suspects.look(group(a="InService", b="Terminating", d="InService"), forward=True)
    suspects.look(group(a="Terminating", d="Terminating", old="InService"), forward=False)
    assert suspects.ids() == ["b", "d", "a"]


@dataclass
class Served(FakeAws):
    """The new release comes into service, and an alarm has it rolled back."""

    def group(self, name: str) -> Group | None:
        self.running = NEW if self.active and self.active.status == "InProgress" else OLD
        return super().group(name)


def test_a_rollback_shows_what_an_instance_printed_last():
    """The command says where there is more."""
    aws = Served(script=["InProgress", "RollbackInProgress", "RollbackSuccessful", "RollbackSuccessful"])
    rollout, told = make(Rollout, aws, FakeLedger())
    with pytest.raises(RolloutError, match="was not deployed"):
        asyncio.run(rollout.run(DESIRED, NEW))
    assert f"output of l: {BAD[:1]} ['i-1', 'i-0']" in aws.calls
    assert told[-1].startswith("web: the last lines of i-1, which ran it (`python -m release logs --fleet web ")
    assert told[-1].endswith(":\n  GET /\n  KeyError: 'cart'")


def test_a_failed_boot_has_said_so_itself():
    """Its reason has its last output: nothing is asked."""
    boots = [
        BootEvent(instance=f"i-{n}", event="failed", sha=BAD, digest="d", reason="no port", at=5) for n in range(3)
    ]
    aws = Served(script=["InProgress", "RollbackSuccessful", "RollbackSuccessful"], boots_said=boots)
    with pytest.raises(RolloutError, match="no port"):
        run(aws, FakeLedger())
    assert not [call for call in aws.calls if call.startswith("output")]
