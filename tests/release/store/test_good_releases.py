"""Which release a stack takes where none is asked for, by its own events and those of stacks that follow it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from release.store.event import Event
from release.store.good_releases import candidates, told

NOW = datetime(2026, 5, 6, tzinfo=timezone.utc)
A, B, C = ("a" * 40, "b" * 40, "c" * 40)


def prod(minute: int, sha: str, outcome: str = "succeeded", **more: Any) -> Event:
    """An event of the first region's stack."""
    given: dict[str, Any] = {
        "by": "alex",
        "stack": "prod",
        "fleet": "web",
        "action": "deploy",
        "digest": "d" * 64,
        **more,
    }
    return Event(at=NOW + timedelta(minutes=minute), sha=sha, outcome=outcome, **given)


def dr(minute: int, sha: str, outcome: str = "succeeded", **more: Any) -> Event:
    """An event of the stack that follows it: somebody's choice, unless `followed` says otherwise."""
    return prod(minute, sha, outcome, **{"stack": "dr", "follows": "prod", **more})


def followed(minute: int, sha: str, outcome: str = "succeeded") -> Event:
    """An event of that stack about a release that it took from the ledger of prod."""
    return dr(minute, sha, outcome, followed=True)


@pytest.mark.parametrize(
    ("events", "good"),
    [
        ([prod(0, A), prod(1, B)], [B, A]),
        ([prod(0, A), followed(1, A), dr(2, B)], [B, A]),  # released during the outage
        ([prod(0, A), prod(1, B), followed(2, A)], [B, A]),  # an older one, since B was not replicated yet
        ([prod(0, A), dr(1, B), prod(2, C)], [C, B, A]),  # somebody decided since
        ([prod(0, A), dr(1, B, "failed")], [A]),
        ([prod(0, A), prod(1, B), dr(2, B, "failed")], [B, A]),  # what fails there is no worse here
        ([prod(0, A), dr(1, B), dr(2, A, action="rollback"), dr(3, B, "rolled-back")], [A]),
        ([prod(0, A), prod(1, A), followed(2, A)], [A]),
        ([prod(0, A), dr(1, B, stack="dr-drill")], [A]),  # an exercise
        ([prod(0, A), prod(1, B, stack="other")], [A]),  # it shares the store, and follows nobody
        ([prod(0, A), prod(1, B, stack="other", follows="another")], [A]),
    ],
)
def test_what_a_stack_takes(events: list[Event], good: list[str]):
    """Its own releases and those chosen in a stack that follows it, newest first, whatever the order of reading."""
    for order in (events, events[::-1]):
        found = candidates(order, stack="prod")
        assert [each.event.sha for each in found] == good
        assert not any(each.refused for each in found)


@pytest.mark.parametrize(
    ("events", "good"),
    [
        ([prod(0, A), prod(1, B)], [B, A]),
        ([prod(0, A), dr(1, B), followed(2, A)], [B, A]),  # its own choice stays until prod decides again
        ([prod(0, A), dr(1, B), prod(2, C)], [C, B, A]),
        ([prod(0, A), prod(1, B, "started"), followed(2, A)], [A]),  # in mid-refresh when the region went
        ([prod(0, A), prod(1, B), prod(2, A, action="rollback"), prod(3, B, "rolled-back")], [A]),
    ],
)
def test_what_a_stack_that_follows_takes(events: list[Event], good: list[str]):
    """The followed stack's releases, and those that were chosen here."""
    assert [each.event.sha for each in candidates(events, stack="dr", follow="prod")] == good


def test_what_failed_here_is_refused_wherever_it_was_good():
    """It would fail again, or the rollout would be refused: the stack rolled it back by hand."""
    events = [prod(0, A), prod(1, B), prod(2, A, action="rollback"), prod(3, B, "rolled-back"), dr(4, B)]
    found = candidates(events, stack="prod")
    assert [(each.event.stack, each.event.sha) for each in found] == [("dr", B), ("prod", A)]
    assert found[0].refused == prod(3, B, "rolled-back")
    assert found[1].refused is None
    tried = [prod(0, A), prod(1, B), followed(2, B, "failed")]
    refused = [each.refused for each in candidates(tried, stack="dr", follow="prod")]
    assert refused == [followed(2, B, "failed"), None]


def test_what_is_said_of_the_choice():
    """Whose release it is, what the stack's own was, and why a newer one is not taken; of its own, nothing."""
    own = prod(1, B)
    assert told("prod", own, own, []) == []
    assert told("prod", dr(2, C), own, []) == [
        f"deploying {C}, which dr served since 2026-05-06 00:02 UTC; prod's own last good release was {B}"
    ]
    assert told("prod", dr(2, C), None, [])[0].endswith("; prod has had no good release of its own")
    refused = candidates([prod(0, A), prod(1, B, "failed", reason="no answer"), dr(2, B)], stack="prod")
    assert told("prod", prod(0, A), prod(0, A), refused) == [
        f"{B}, which dr served since 2026-05-06 00:02 UTC, is passed over: in prod it failed (2026-05-06 00:01 UTC: "
        "no answer)"
    ]
