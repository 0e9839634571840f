"""Which release a stack goes back to, and by which version of each fleet's launch template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, cast

import pytest

from release.errors import ReleaseError
from release.rollout.observed import DeployedFleet, Group, Refresh, Template
from release.rollout.rollback import Rollback
from release.store.ledger import Event
from release.store.manifest import Manifest

A, B, C = ("a" * 40, "b" * 40, "c" * 40)
BEGAN = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass
class Stack:
    """What AWS and the ledger know. `versions` are the releases of a fleet's launch template versions, from 1 on."""

    versions: Mapping[str, list[str]]
    events: list[Event] = field(default_factory=list)
    under_way: dict[str, int] = field(default_factory=dict)
    """By fleet, the version that a refresh under way goes to."""

    status: str = "InProgress"
    served: set[str] = field(default_factory=lambda: {"d"})

    def happened(
        self, fleet: str, sha: str, outcome: str, version: int | None = None, action: str = "deploy", **more: str
    ) -> None:
        event: dict[str, Any] = {"by": "alex", "stack": "s", "action": action, "digest": "d", **more}
        at = BEGAN + timedelta(minutes=len(self.events))
        named = str(version) if version else None
        self.events.append(Event(at=at, fleet=fleet, sha=sha, outcome=outcome, template_version=named, **event))

    def fleet(self, name: str, version: int) -> DeployedFleet:
        template = Template(id=name, version=str(version))
        group = Group(name=name, desired=1, template=template, instances=())
        return DeployedFleet(name=name, group=group, store="store", log_group="l")

    def refreshes(self, group: str) -> list[Refresh]:
        version = self.under_way.get(group)
        template = Template(id=group, version=str(version))
        return [Refresh(id="r", status=self.status, template=template)] if version else []

    def release_of(self, template: Template) -> str | None:
        known = self.versions[template.id]
        return known[int(template.version) - 1] if int(template.version) <= len(known) else None

    def newest_of(self, template_id: str, sha: str) -> Template | None:
        numbers = [number for number, found in enumerate(self.versions[template_id], 1) if found == sha]
        return Template(id=template_id, version=str(numbers[-1])) if numbers else None

    def history(self, _stack: str, fleet: str, _limit: int = 20) -> list[Event]:
        return [event for event in self.events[::-1] if event.fleet == fleet]

    def digests(self, _sha: str, _stack: str) -> set[str]:
        return self.served

    def manifest(self, sha: str) -> Manifest:
        return cast("Manifest", SimpleNamespace(sha=sha, digest="d"))

    def rollback(self) -> Rollback:
        parts: Any = {"aws": SimpleNamespace(fleets=self, templates=self), "store": self, "ledger": self}
        return Rollback(stack="s", tell=print, **parts)

    bucket = "store"


@pytest.fixture
def two() -> Stack:
    """Fleets web and api, which both served A and then B."""
    stack = Stack({"web": [A, B, C], "api": [A, B, C]})
    for version, sha in ((1, A), (2, B)):
        for fleet in ("web", "api"):
            stack.happened(fleet, sha, "started", version)
            stack.happened(fleet, sha, "succeeded", version)
    return stack


def test_from_what_all_serve_it_is_the_good_one_before(two: Stack):
    """All on B: back to A."""
    assert two.rollback().choose_release([two.fleet("web", 2), two.fleet("api", 2)]).sha == A


def test_from_a_rollout_under_way_it_is_what_is_in_force(two: Stack):
    """The groups are on B until the refresh to C ends: back to B."""
    two.under_way = {"web": 3, "api": 3}
    two.happened("web", C, "started", 3)
    assert two.rollback().choose_release([two.fleet("web", 2), two.fleet("api", 2)]).sha == B


def test_from_a_release_that_only_some_took_it_is_the_last_that_all_had(two: Stack):
    """Web took C, api failed with it and is still on B: both go to B, api not to A."""
    two.happened("web", C, "started", 3)
    two.happened("api", C, "started", 3)
    two.happened("web", C, "succeeded", 3)
    two.happened("api", C, "failed", 3)
    assert two.rollback().choose_release([two.fleet("web", 3), two.fleet("api", 2)]).sha == B


def test_one_fleet_ahead_of_another_that_is_still_rolling(two: Stack):
    """Web is on C already, api on its way there: both go to B, also where the ledger missed api's start."""
    two.under_way = {"api": 3}
    two.happened("web", C, "succeeded", 3)
    assert two.rollback().choose_release([two.fleet("web", 3), two.fleet("api", 2)]).sha == B


def test_an_interrupted_rollback_is_taken_up(two: Stack):
    """C is in force until the refresh back to B ends; a second `rollback` follows it and does not undo it."""
    two.happened("web", C, "succeeded", 3)
    two.happened("web", B, "started", 2, action="rollback", refresh_id="r")
    two.under_way = {"web": 2}
    assert two.rollback().choose_release([two.fleet("web", 3)]).sha == B


@pytest.mark.parametrize("status", ["RollbackInProgress", "Cancelling"])
def test_while_aws_goes_back_it_is_where_that_goes(two: Stack, status: str):
    """The deploy of C failed and AWS is going back to B: B is the last good one, not A."""
    two.happened("web", C, "started", 3)
    two.under_way, two.status = {"web": 3}, status
    assert two.rollback().choose_release([two.fleet("web", 2)]).sha == B


def test_after_a_deploy_that_failed_it_is_what_serves(two: Stack):
    """AWS has gone back to B already: nothing is to be done, and nobody is taken to A."""
    for fleet in ("web", "api"):
        two.happened(fleet, C, "started", 3)
        two.happened(fleet, C, "failed", 3)
    assert two.rollback().choose_release([two.fleet("web", 2), two.fleet("api", 2)]).sha == B


def test_what_was_rolled_back_by_hand_is_not_gone_back_to(two: Stack):
    """From B, to which C was rolled back, the way back is A and not C."""
    two.happened("web", C, "started", 3)
    two.happened("web", C, "succeeded", 3)
    two.happened("web", B, "started", 2, action="rollback")
    two.happened("web", B, "succeeded", 2, action="rollback")
    two.happened("web", C, "rolled-back", 3)
    assert two.rollback().choose_release([two.fleet("web", 2)]).sha == A


def test_without_a_good_release_before_it_says_how_to_name_one():
    """A first release has none before it."""
    stack = Stack({"web": [A]})
    stack.happened("web", A, "succeeded", 1)
    with pytest.raises(ReleaseError, match="--to"):
        stack.rollback().choose_release([stack.fleet("web", 1)])


def test_the_way_is_the_version_that_served(two: Stack):
    """A newer version of the same release has other settings: it was tried, and failed."""
    two.versions = {"web": [A, B, A]}
    two.happened("web", A, "started", 3)
    two.happened("web", A, "failed")
    target = two.rollback().target(two.fleet("web", 2), two.manifest(A))
    assert target.template == Template(id="web", version="1")


def test_a_fleet_that_is_there_already_keeps_its_version(two: Stack):
    """Another version with the same release would only be another number."""
    two.versions = {"web": [A, B, B]}
    target = two.rollback().target(two.fleet("web", 2), two.manifest(B))
    assert target.template == Template(id="web", version="2")


def test_an_event_without_a_version_leaves_the_newest_one(two: Stack):
    """Ledgers of earlier days do not say it."""
    two.versions = {"web": [A, A, B]}
    two.events = []
    two.happened("web", A, "succeeded")
    target = two.rollback().target(two.fleet("web", 3), two.manifest(A))
    assert target.template == Template(id="web", version="2")


def test_a_manifest_that_was_changed_is_no_way_back(two: Stack):
    """Something else served by that SHA, as the ledger knows."""
    two.served = {"other"}
    with pytest.raises(ReleaseError, match="what served under this SHA had other"):
        two.rollback().target(two.fleet("web", 2), two.manifest(A))


def test_a_fleet_that_never_had_it_is_an_error(two: Stack):
    """A fleet that was added later has no version to go back to."""
    two.versions = {"web": [B]}
    with pytest.raises(ReleaseError, match="never ran there"):
        two.rollback().target(two.fleet("web", 1), two.manifest(A))
