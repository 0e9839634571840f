"""What a rollout writes into the ledger, and what it makes of what is there."""

from __future__ import annotations

from typing import cast

import pytest

from release.rollout.record import DEPLOY, ROLLBACK, Record
from release.store.event import Event
from release.store.ledger import Ledger
from tests.release.rollout.test_drive import BAD, GOOD, FakeLedger, happened


def record(events: list[Event], *, action: str = DEPLOY, sha: str = GOOD) -> tuple[Record, list[tuple[str, str, str]]]:
    """Return a record over these events, oldest first, and what it will have written: SHA, outcome and reason."""
    written: list[tuple[str, str, str]] = []

    class Ledgered(FakeLedger):
        def record(self, event: Event) -> str:
            written.append((event.sha, event.outcome, event.reason or ""))
            return super().record(event)

    ledger = cast("Ledger", Ledgered(events=list(events)))
    made = Record(ledger=ledger, stack="s", fleet="web", sha=sha, digest="d", image="i", action=action)
    return made, written


def test_the_release_that_a_rollback_leaves_is_marked_once():
    """The newest event of it counts: one that was rolled back already is left alone, as is one that is unknown."""
    history = [happened(BAD, "started"), happened(BAD, "succeeded"), happened(GOOD, "succeeded")]
    made, written = record(history, action=ROLLBACK)
    made.left(BAD)
    assert written == [(BAD, "rolled-back", f"back to {GOOD}")]
    made.left(BAD)
    made.left("c" * 40)
    assert len(written) == 1


def test_to_roll_back_what_another_stack_had_is_a_choice():
    """What was deployed because the followed stack had it decides nothing; that somebody took it back does."""
    ledger = FakeLedger(events=[happened(BAD, "succeeded", follows="prod", followed=True)])
    Record(
        ledger=cast("Ledger", ledger), stack="s", fleet="web", sha=GOOD, digest="d", image="i", action=ROLLBACK
    ).left(BAD)
    assert (ledger.events[-1].outcome, ledger.events[-1].follows) == ("rolled-back", "prod")
    assert not ledger.events[-1].followed


@pytest.mark.parametrize(
    ("action", "outcome", "reason"),
    [
        (ROLLBACK, "rolled-back", f"rolled back during its rollout, to {GOOD}"),
        (DEPLOY, "cancelled", f"superseded by {GOOD}"),
    ],
)
def test_a_rollout_that_was_undone_says_for_what(action: str, outcome: str, reason: str):
    """By hand, or to make room for another one; a refresh that the ledger does not know is nobody's."""
    made, written = record([happened(BAD, "started", refresh_id="r-1")], action=action)
    made.undone("r-2")
    assert written == []
    made.undone("r-1")
    assert written == [(BAD, outcome, reason)]


def test_who_started_a_refresh_is_told_by_its_start():
    """Other events of the same refresh, and starts of other ones, are not it."""
    started = happened(BAD, "started", refresh_id="r-1", by="kim")
    others = [happened(GOOD, "started", refresh_id="r-0"), happened(BAD, "failed", refresh_id="r-1", by="alex")]
    made, _ = record([others[0], started, others[1]])
    assert made.of_refresh("r-1") == started
    assert made.of_refresh("r-9") is None


def test_what_became_of_an_earlier_release_does_not_hide_what_the_fleet_has():
    """`rolled-back` is written last and is about another release: the fleet still has what served before it."""
    made, written = record([happened(GOOD, "succeeded"), happened(BAD, "rolled-back")])
    assert made.served_before()
    assert made.unfinished() is None
    made.write("succeeded", template_version="1")
    assert written == []


def test_nothing_but_such_events_is_nothing():
    """A history that was cut off says nothing of what the fleet has."""
    made, _ = record([happened(BAD, "rolled-back")])
    assert not made.served_before()
    assert made.begun() is None
