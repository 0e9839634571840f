"""Two stacks of which one is to replace the other, and both are live."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from release.rollout.live import Live, live_in_both, overtaken, told
from release.rollout.regions import Stack
from release.rollout.serving import Serving
from release.store.event import Event

PROD = Live(stack="prod", region="eu-west-1")
DR = Live(stack="dr", region="eu-central-1", follows="prod")


def test_a_stack_and_the_one_that_follows_it():
    """Said with both regions, and the command that ends it."""
    assert live_in_both([DR, PROD]) == [(PROD, DR)]
    assert told((PROD, DR)).startswith("live in both: prod in eu-west-1 and dr in eu-central-1, which follows it.")
    assert "`SLIPWAY_POSTURE=warm pulumi up --refresh --stack dr`" in told((PROD, DR))


def test_a_drill_is_not_live():
    """Its instances serve while it goes on, and nobody is led to them."""
    serving = Serving(counts={"a" * 40: 3}, digests={}, unproved=0, wanted=3)
    for name, live in (("dr", True), ("dr-drill", False)):
        assert Stack(name=name, posture="active", follows="prod", fleets={"web": serving}).is_live is live


@pytest.mark.parametrize(
    "stacks",
    [
        [PROD],
        [DR],
        [PROD, Live(stack="shop", region="eu-central-1")],  # shares the store, and follows nobody
        [PROD, Live(stack="dr-drill", region="eu-central-1", follows="prod")],  # it serves nobody
        [PROD, Live(stack="dr", region="eu-west-1", follows="prod")],  # a second one in the same region
    ],
)
def test_what_is_no_conflict(stacks: list[Live]):
    """One alone, strangers, and what stands in one region."""
    assert live_in_both(stacks) == []


def event(minute: int, stack: str, outcome: str = "succeeded", **more: Any) -> Event:
    at = datetime(2026, 5, 6, tzinfo=timezone.utc) + timedelta(minutes=minute)
    given: dict[str, Any] = {"by": "kim", "fleet": "web", "action": "deploy", "sha": "a" * 40, "digest": "d", **more}
    return Event(at=at, stack=stack, outcome=outcome, **given)


ACTIVATED = event(5, "dr", "started", follows="prod", followed=True, reason="activated: from warm to active")
CHOSEN = event(5, "dr", follows="prod", followed=False)
TAKEN = event(5, "dr", follows="prod", followed=True)


@pytest.mark.parametrize(
    ("own", "followed", "minute"),
    [
        ([ACTIVATED], [event(7, "prod")], 7),
        ([CHOSEN], [event(7, "prod"), event(6, "prod")], 7),
        ([event(8, "dr", follows="prod", followed=True), ACTIVATED], [event(7, "prod")], 7),
        ([ACTIVATED], [event(4, "prod")], None),  # what it replaces has not been heard of since
        ([ACTIVATED], [event(7, "prod", "failed")], None),
        ([TAKEN], [event(7, "prod")], None),  # it stands by, and always takes what the other one has
        ([], [event(7, "prod")], None),
    ],
)
def test_a_followed_stack_that_has_served_again(own: list[Event], followed: list[Event], minute: int | None):
    """The follower can tell from its own ledger, without asking the other region."""
    found = overtaken(own, followed)
    assert (found.at.minute if found else None) == minute
