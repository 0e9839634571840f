"""What becomes of each stack, by what the backend and AWS have of it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from release.review.decide import Kept, Tagged, Verdict, verdicts

NOW = datetime(2026, 1, 28, 12, tzinfo=timezone.utc)
OVER, LATER = "2026-01-28T12:00:00Z", "2026-01-28T13:00:00Z"


def state(*expires: str, resources: int = 70) -> Kept:
    return Kept(resources=resources, expires=frozenset(expires))


def aws(*expires: str) -> Tagged:
    return Tagged(expires=frozenset(expires), arns=("arn:1", "arn:2"))


def one(kept: Kept | None, tagged: Tagged | None, *, asked: bool = False) -> Verdict:
    """What becomes of pr-42."""
    backend = {"pr-42": kept} if kept else {}
    found = verdicts(backend, {"pr-42": tagged} if tagged else {}, NOW, only="pr-42" if asked else None)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("kept", "tagged", "fate", "asked"),
    [
        (state(), aws(OVER), "remove", "remove"),
        (state(OVER), None, "remove", "remove"),  # its resources are gone, or in another region
        (state(), aws(LATER), "keep", "remove"),
        (state(OVER), aws(LATER), "keep", "remove"),  # an extension that was broken off half-way
        (state(LATER), aws(OVER), "keep", "remove"),
        (state(), aws(OVER, LATER), "keep", "remove"),
        (state(), aws(OVER, "never"), "keep", "remove"),
        (state(), None, "keep", "keep"),  # somebody's own stack, which is named so
        (state(resources=0), None, "empty", "remove"),
        (state(resources=0), aws(OVER), "stray", "stray"),  # killed before its state was written
        (Kept(resources=70, expires=frozenset(), trouble="EOF"), aws(OVER), "unread", "unread"),
        (None, aws(OVER), "stray", "stray"),
        (None, aws(LATER), "keep", "stray"),
    ],
)
def test_what_becomes_of_a_stack(kept: Kept | None, tagged: Tagged | None, fate: str, asked: str):
    """Only what has the tag is removed, and only once all of its tags say so, or somebody asks for it."""
    assert one(kept, tagged).fate == fate
    assert one(kept, tagged, asked=True).fate == asked


def test_who_is_named_otherwise_is_not_even_mentioned():
    """Whatever its tags say: somebody may have put them there."""
    others = ["prod", "sandbox", "review", "pr", "pr-", "pr-x", "pr-042", "pr-4-drill", "dr"]
    assert verdicts(dict.fromkeys(others, state(OVER)), dict.fromkeys(others, aws(OVER)), NOW) == []


def test_only_the_one_that_is_asked_for_is_removed():
    """pr-4 is not pr-42, and the order is that of the numbers."""
    backend = {"pr-42": state(OVER), "pr-4": state(OVER), "pr-100": state(OVER)}
    assert [each.stack for each in verdicts(backend, {}, NOW, only="pr-4")] == ["pr-4"]
    assert [each.stack for each in verdicts(backend, {}, NOW)] == ["pr-4", "pr-42", "pr-100"]


def test_why_it_stays_is_said():
    """In words that lead to the tag."""
    assert "'never'" in one(state(), aws("never")).why
    assert "slipway:expires" in one(state(), None).why
    assert one(None, aws(OVER)).arns == ("arn:1", "arn:2")
