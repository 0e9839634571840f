"""Which release a stack takes that follows another one, by the events of both."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from release.store import follow
from release.store.event import Event
from release.store.follow import Choice

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
A, B, C = ("a" * 40, "b" * 40, "c" * 40)


def event(minute: float, sha: str, outcome: str = "succeeded", stack: str = "prod", **more: Any) -> Event:
    """An event of the fleet `web` of the stack `prod`, if nothing else is said."""
    return Event(
        at=NOW + timedelta(minutes=minute),
        by="alex",
        stack=stack,
        fleet=more.pop("fleet", "web"),
        action=more.pop("action", "deploy"),
        sha=sha,
        digest=more.pop("digest", "d" * 64),
        outcome=outcome,
        template_version=more.pop("template_version", {A: "1", B: "2", C: "3"}[sha]),
        **more,
    )


def in_dr(minute: float, sha: str, outcome: str = "succeeded", *, followed: bool = False, **more: Any) -> Event:
    """An event of the stack `dr`, which follows `prod`: somebody's choice, unless it was `followed`."""
    return event(minute, sha, outcome, "dr", follows="prod", followed=followed, **more)


def choose(events: Collection[Event], absent: Collection[str] = ()) -> Choice:
    """What `dr` takes, where the releases of `absent` are not in its store."""
    theirs, own = ([each for each in events if each.stack == stack] for stack in ("prod", "dr"))
    return follow.choose(
        follow.counted(theirs, own),
        lambda event: "not in this store yet" if event.sha in absent else "",
        stack="dr",
        follows="prod",
    )


def taken(choice: Choice) -> tuple[str | None, list[str]]:
    """What was taken, and what was passed over."""
    return choice.event.sha if choice.event else None, [each.sha for each in choice.passed]


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([event(2, B, "started"), event(3, B, "failed", reason="no boot")], r"its deploy failed \(.*: no boot\)"),
        ([event(2, B, "started", refresh_id="r")], "its deploy had not ended"),
        ([event(2, B), event(3, A, action="rollback"), event(4, B, "rolled-back")], "was rolled back"),
        ([event(2, B), event(2, B, "failed", fleet="api")], r"its deploy failed \(fleet api"),
        ([event(2, B), event(3, B, "started", fleet="api")], r"its deploy had not ended \(fleet api"),
        ([event(2, B, "started"), event(3, B, "cancelled")], "its deploy was cancelled"),
        ([event(2, B, "unproved")], "no instance had proved it"),
        ([in_dr(2, B, "failed")], "its deploy failed"),
    ],
)
def test_what_is_not_good_is_passed_over_and_said(events: list[Event], why: str):
    """Failed, mid-refresh, rolled back, in one of two fleets: the one before is taken, and the reason is told."""
    found = choose([event(0, C), event(1, A), *events])

    assert taken(found) == (A, [B])
    assert re.search(why, str(found.passed[0]))


def test_what_is_not_replicated_is_passed_over():
    """Good is not enough: the newest whole one is taken, and what is older is not even looked at."""
    asked: list[str] = []

    def lacking(event: Event) -> str:
        asked.append(event.sha)
        return "releases/… is missing" if event.sha == B else ""

    found = follow.choose([event(0, C), event(1, A), event(2, B)], lacking, stack="dr", follows="prod")

    assert taken(found) == (A, [B])
    assert str(found.passed[0]) == f"{B} was passed over: releases/… is missing"
    assert asked == [B, A]


def test_reasons_come_newest_first_and_once():
    """Of several that are passed over, each is named once."""
    found = choose([event(1, A), event(2, B), event(3, C, "started"), event(4, C, "failed")], absent=[B])

    assert taken(found) == (A, [C, B])


def test_nothing_is_taken_where_nothing_is_whole():
    """All are named, for the error to list."""
    assert taken(choose([event(1, A), event(2, B, "failed")], absent=[A])) == (None, [B, A])
    assert taken(choose([])) == (None, [])


def test_an_own_choice_counts_until_the_followed_stack_serves_a_newer_one():
    """What somebody deployed here by SHA stays, as long as nothing newer was good there."""
    assert taken(choose([event(1, A), in_dr(2, B)])) == (B, [])
    assert taken(choose([event(1, A), in_dr(2, B), event(3, C)])) == (C, [])


def test_what_was_deployed_here_for_it_was_good_there_is_no_choice():
    """It neither holds this stack at an old release, nor takes one away that only this region had trouble with."""
    assert taken(choose([event(1, A), in_dr(3, A, followed=True), event(2, B)])) == (B, [])
    assert taken(choose([event(1, A), event(2, B), in_dr(3, B, "failed", followed=True)])) == (B, [])


def test_a_rollback_here_is_a_choice():
    """What somebody rolled back here is not deployed again for being good there."""
    rolled_back = [in_dr(4, A, action="rollback"), in_dr(5, B, "rolled-back")]

    assert taken(choose([event(1, A), event(2, B), in_dr(3, B, followed=True), *rolled_back])) == (A, [B])
