"""What a preview says of the `pulumi up` to come, and of one that left the rollout out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest
from botocore.exceptions import ClientError

from release.component import hooks
from release.component.deployment import Deployments
from release.rollout.conflicts import Conflicts
from release.rollout.observed import Refresh, Template
from release.rollout.proof import Proof
from tests.release.rollout.test_drive import BAD as NEW_SHA
from tests.release.rollout.test_drive import GOOD, NEW, OLD, FakeAws, FakeLedger, happened, make

T = TypeVar("T")


def always(answer: T) -> Callable[..., T]:
    """What answers with that whatever it is asked."""

    def asked(*_: object) -> T:
        return answer

    return asked


def conflicts(aws: FakeAws, ledger: FakeLedger, **spec: Any) -> tuple[Conflicts, list[str]]:
    return make(Conflicts, aws, ledger, **spec)


def refusals(aws: FakeAws, wanted: Template | None = NEW, ledger: FakeLedger | None = None, **spec: Any) -> list[str]:
    written = ledger or FakeLedger()
    before = list(written.events)
    made, _ = conflicts(aws, written, **spec)
    found = asyncio.run(made.refusals(wanted))
    assert written.events == before
    assert aws.calls == []
    return found


def test_nothing_to_refuse_is_nothing_said():
    """The fleet is as the stack has it; or the release is new; or there is no fleet yet."""
    assert refusals(FakeAws(running=NEW)) == []
    assert refusals(FakeAws(running=OLD), None) == []
    aws = FakeAws()
    aws.group = lambda _name: None
    made, _ = conflicts(aws, FakeLedger())
    made.record.ledger.history = no_bucket
    assert asyncio.run(made.refusals(None)) == []


def test_a_preview_of_no_change_does_not_read_the_ledger():
    """Two calls side by side are all that it costs."""
    made, _ = conflicts(FakeAws(running=NEW), FakeLedger())
    made.record.ledger.history = no_bucket
    assert asyncio.run(made.refusals(NEW)) == []


def no_bucket(*_: Any, **__: Any) -> Any:
    raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "ListObjectsV2")


def test_a_rollback_by_hand_is_said_before_the_up():
    """The state knows nothing of it, so that the engine says "unchanged"."""
    [said] = refusals(FakeAws(running=OLD), NEW)
    assert "was changed outside of the stack" in said
    assert f"2 of 2 instances serve {GOOD}" in said


def test_a_release_that_was_taken_back_is_said_before_the_up():
    """Also where the launch template changes, so that its version is not known yet."""
    ledger = FakeLedger(events=[happened(NEW_SHA, "succeeded"), happened(NEW_SHA, "rolled-back", reason="back")])
    [said] = refusals(FakeAws(running=OLD), None, ledger)
    assert "was rolled back by alex" in said
    assert refusals(FakeAws(running=OLD), None, ledger, supersede=True) == []


@pytest.mark.parametrize(("template", "warned"), [(OLD, True), (NEW, False)])
def test_a_rollout_under_way_is_said_where_it_is_another(template: Template, warned: bool):
    """That of the same release is followed."""
    aws = FakeAws(running=OLD, active=Refresh(id="r", status="InProgress", template=template))
    said = refusals(aws, None)
    assert [True for line in said if "is InProgress" in line] == [True] * warned


def test_what_cannot_be_asked_fails_no_preview():
    """Whoever previews may read less than whoever deploys."""
    aws = FakeAws(running=OLD)
    told: list[str] = []

    async def preview() -> str:
        made, _ = conflicts(aws, FakeLedger())
        made.record.ledger.history = no_bucket
        deployment = SimpleNamespace(conflicts=always(made), spec=made.spec)
        return await hooks._foreseen("urn", [cast("Any", SimpleNamespace(future=nothing))], cast("Any", deployment))

    async def nothing() -> None:
        return None

    hooks_teller, hooks.teller = hooks.teller, always(told.append)
    try:
        assert asyncio.run(preview()) == NEW_SHA
    finally:
        hooks.teller = hooks_teller
    assert "could not ask" in told[0]


def test_an_up_that_left_the_rollout_out_says_so_at_once(monkeypatch: pytest.MonkeyPatch):
    """With --target the group's outputs are the state's: the old release, which is neither waited for nor recorded."""
    ledger = FakeLedger()
    proof, told = make(Proof, FakeAws(running=OLD), ledger)
    shared = Deployments(stack="s", region="eu-west-1", bucket="b", fleets=["web"])
    deployment = SimpleNamespace(spec=proof.spec, shared=shared, proof=always(proof))
    proof.aws.templates.release_of = always(GOOD)
    monkeypatch.setattr(hooks, "teller", always(told.append))
    monkeypatch.setattr(hooks, "warner", always(told.append))
    assert asyncio.run(hooks._proved("urn", "d", OLD, cast("Any", deployment))) == GOOD
    [said] = told
    assert f"{NEW_SHA} was not deployed, because this `pulumi up` left the fleet's rollout out" in said
    assert ledger.events == []
