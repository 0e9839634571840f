"""Bringing up a stack that is kept for recovery: what is changed, in which order, what is recorded and refused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, cast

import pytest

from release.errors import ReleaseError, StoreError
from release.postures import Size
from release.rollout.activate import Activation
from release.rollout.observed import BootEvent, DeployedFleet, Group, Instance, Refresh, Template
from release.rollout.templates import Baked
from release.rollout.traffic import Requests
from release.store.good_releases import Candidate
from release.store.ledger import Event
from release.store.manifest import Manifest

A, B = "a" * 40, "b" * 40
PLACE = Template(id="lt-1", version="4")
NOTHING, ALL = Size(min=0, max=0), Size(min=3, max=9)
UNPROVED = Event(
    at=datetime.now(timezone.utc),
    by="kim",
    stack="dr",
    fleet="web",
    action="deploy",
    sha=A,
    digest="d",
    outcome="unproved",
    template_version="4",
    follows="prod",
    followed=True,
)


@dataclass
class Region:
    """One fleet of stack `dr`, in AWS and in the ledger; whatever the group wants comes up, but for `missing`."""

    posture: str = "pilot-light"
    size: str = "3-9"
    bounds: Size = NOTHING
    refreshing: list[Refresh] = field(default_factory=list)
    missing: int = 0
    events: list[Event] = field(default_factory=lambda: [UNPROVED])
    calls: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    manifest_of: Any = field(
        default_factory=lambda: SimpleNamespace(sha=A, digest="d", image=SimpleNamespace(name="al"))
    )
    baked_digest: str = "d"
    ledger_fails: bool = False
    good_elsewhere: list[Event] = field(default_factory=list[Event])
    where = "bucket replica"

    def fleet(self) -> DeployedFleet:
        return DeployedFleet(
            name="web", group=self.group("g"), store="replica", log_group="l", posture=self.posture, size=self.size
        )

    def group(self, name: str) -> Group:
        members = tuple(
            Instance(id=f"i-{n}", zone="a", state="InService", health="Healthy", template=PLACE)
            for n in range(self.bounds.min - self.missing)
        )
        return Group(
            name=name,
            template=PLACE,
            instances=members,
            target_group_arns=("arn",),
            desired=self.bounds.min,
            least=self.bounds.min,
            largest=self.bounds.max,
            zones=3,
        )

    def refreshes(self, _group: str) -> list[Refresh]:
        return self.refreshing

    def tell_posture(self, _group: str, posture: str) -> None:
        self.calls.append(posture)
        self.posture = posture

    def resize(self, _group: str, size: Size) -> None:
        self.calls.append(str(size))
        self.bounds = size

    def baked(self, _templates: object) -> dict[Template, Baked]:
        return {PLACE: Baked(sha=A, digest=self.baked_digest)}

    def release_of(self, _template: Template) -> str:
        return A

    def boot_timeout(self, _group: str) -> int:
        return 60

    def healthy_targets(self, _arns: object) -> set[str]:
        return {member.id for member in self.group("g").instances}

    def ready(self, _log_group: str, members: list[Instance]) -> list[BootEvent]:
        return [BootEvent(instance=i.id, event="ready", sha=A, digest="d", reason="", at=0) for i in members]

    def failed_boots(self, *_: object) -> list[BootEvent]:
        return []

    def refused_launch(self, _group: str, _since: float) -> str:
        return "InsufficientInstanceCapacity" if self.missing else ""

    def since(self, _arns: object, _since: float) -> Requests:
        return Requests(total=10, failed=0)

    def history(self, _stack: str, _fleet: str = "", limit: int = 20) -> list[Event]:
        return self.events[::-1][:limit]

    def good(self, _stack: str, follow: str | None) -> list[Candidate]:
        return [Candidate(event=event) for event in self.good_elsewhere if event.stack == follow]

    def record(self, event: Event) -> None:
        if self.ledger_fails and event.outcome == "started":
            raise StoreError("bucket replica: could not put")
        self.events.append(event)

    def manifest(self, _sha: str) -> Manifest | None:
        return cast("Manifest | None", self.manifest_of)

    def check(self, _manifest: Manifest) -> None:
        self.calls.append("artifact")

    def activation(self, posture: str = "active") -> Activation:
        aws: Any = SimpleNamespace(fleets=self, templates=self, groups=self, traffic=self)
        parts: Any = {"aws": aws, "store": self, "ledger": self, "tell": self.said.append, "warn": self.said.append}
        parts["progress"] = self.said.append
        return Activation(stack="dr", posture=posture, **parts)

    def activate(self, posture: str = "active") -> str:
        activation = self.activation(posture)
        return str(asyncio.run(activation.run(activation.targets([self.fleet()])))["web"])


@pytest.mark.parametrize(("posture", "bounds", "serving"), [("active", "3-9", 3), ("warm", "3-9", 3)])
def test_a_pilot_light_comes_up(posture: str, bounds: str, serving: int):
    """The tag is changed before the sizes, and the ledger has who began it, from what, and that it serves."""
    region = Region()
    assert region.activate(posture) == f"{serving} of {serving} instances serve {A}"
    assert region.calls == ["artifact", posture, bounds]
    started, succeeded = region.events[1:]
    assert started.reason == f"activated: from pilot-light to {posture} (3 to 9 instances)"
    assert [started.outcome, succeeded.outcome] == ["started", "succeeded"]
    assert {event.action for event in (started, succeeded)} == {"deploy"}
    assert all((event.follows, event.followed) == ("prod", True) for event in (started, succeeded))


def test_a_newer_good_release_than_the_launch_template_has_is_told():
    """Activating boots what was deployed here last; to deploy takes the engine."""
    region = Region()
    activation = region.activation()
    targets = activation.targets([region.fleet()])
    assert activation.newer(targets) == ""
    region.good_elsewhere = [replace(UNPROVED, sha=B, stack="prod", outcome="succeeded", follows=None, followed=None)]
    assert activation.newer(targets).startswith(f"{B} was good in prod since ")
    assert "`SLIPWAY_POSTURE=active pulumi up --stack dr` deploys it" in activation.newer(targets)
    region.good_elsewhere = [replace(region.good_elsewhere[0], sha=A)]
    assert activation.newer(targets) == ""


def test_what_somebody_chose_stays_a_choice():
    """A release that was named for the second region is the newest choice also once it serves."""
    region = Region(events=[replace(UNPROVED, followed=None)])
    region.activate()
    assert [(event.follows, event.followed) for event in region.events[1:]] == [("prod", None)] * 2


def test_it_takes_an_interrupted_one_up_again():
    """Nothing is changed twice, and the ledger has its beginning once."""
    region = Region()
    region.activate()
    region.events.pop()
    region.calls.clear()
    assert region.activate() == f"3 of 3 instances serve {A}"
    assert region.calls == ["artifact"]
    assert [event.outcome for event in region.events] == ["unproved", "started", "succeeded"]


def test_nothing_is_taken_down():
    """An active stack that is asked to be warm stays active."""
    region = Region(posture="active", bounds=ALL)
    region.activate("warm")
    assert region.calls == ["artifact"]


def test_instances_that_ec2_does_not_launch_are_an_error():
    """What is there serves, and the error says what is missing and that AWS goes on."""
    region = Region(missing=1)
    with pytest.raises(ReleaseError, match=r"2 of 3 instances serve a{40}, and 1 are missing\. AWS goes on"):
        region.activate()
    assert region.events[-1].outcome == "succeeded"
    assert region.events[-1].reason == "1 of 3 instances are missing: InsufficientInstanceCapacity"


def test_a_ledger_that_can_not_be_written_stops_no_instance():
    """It is said, and the fleet comes up."""
    region = Region(ledger_fails=True)
    assert region.activate() == f"3 of 3 instances serve {A}"
    assert "web: the ledger does not have this activation: bucket replica: could not put" in region.said


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (
            Region(size=""),
            "the tag slipway:size of the group g, which tells its sizes as MIN-MAX, is missing; `SLIPWAY_P",
        ),
        (Region(size="many"), "is 'many'"),
        (
            Region(refreshing=[Refresh(id="r-1", status="InProgress", template=PLACE)]),
            f"a rollout of {A} is InProgress (instance refresh r-1): wait for its end",
        ),
        (Region(manifest_of=None), f"its launch template has {A}, which is not in bucket replica"),
        (Region(baked_digest="e"), "with the digest e, but the manifest in bucket replica has d"),
    ],
)
def test_what_can_not_be_brought_up_is_refused_first(region: Region, said: str):
    """Each with the command that mends it, and nothing is changed."""
    with pytest.raises(ReleaseError) as refused:
        region.activate()
    assert said in str(refused.value)
    assert not {"active", "3-9"} & set(region.calls)
    assert region.events == [UNPROVED]
